/**
 * The entry point of a slot. Plain sh, so that it runs where the slot's Node is found by the host (`thin`); `full` slots bring
 * their own beside it. `TIDEGATE_NODE` names another runtime.
 */
export const WRAPPER = `#!/bin/sh
# Started through a link on the path, or as <root>/current/bin/tidegate-edge.
self=$0
if [ -L "$self" ]; then self=$(readlink -f "$self"); fi
bin=\${self%/*}
if [ -z "\${TIDEGATE_NODE:-}" ] && [ -x "$bin/node" ]; then TIDEGATE_NODE=$bin/node; fi
# Only for the agent itself: root runs \`probe\` as well, and must not write where the agent may have put a link.
if [ "\${1:-}" = run ]; then export NODE_COMPILE_CACHE="\${TIDEGATE_ROOT:-/opt/tidegate/tidegate-edge}/cache"; fi
# Threads that write and inflate would each keep a heap of their own, and what was freed in it.
export MALLOC_ARENA_MAX=1
# A small young generation gives back at once what passes through while a release is fetched. No flag that changes how V8
# compiles (--no-opt, --lite-mode): Node's own compiled code would not fit any more, which is 9 ms of each start.
# Until the agent listens, SIGUSR1 (its \`apply\`) would open Node's debugger to whoever may connect to a port of this machine:
# on an address that no machine has it cannot. (--disable-sigusr1 would leave the signal blocked for good.)
exec "\${TIDEGATE_NODE:-node}" --max-semi-space-size=1 --inspect-port=240.0.0.1:9229 "$bin/../lib/main.cjs" "$@"
`;
