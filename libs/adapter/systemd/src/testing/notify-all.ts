import { createNotifier } from '../create-notifier.ts';

// A process of its own, as `spawn` looks for the tool on the PATH the process was started with.
const notifier = await createNotifier({ NOTIFY_SOCKET: '/run/systemd/notify' }, 4242);
notifier.ready();
notifier.status('connected');
notifier.watchdog();
await notifier.stopping();
