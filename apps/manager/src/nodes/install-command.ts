import type { ManagerConfig } from '../platform/index.ts';

/** Where nodes reach this manager, as far as it knows itself. */
function nodeAddress({ public_origin: origin, listen, tls }: ManagerConfig): string {
  const address = new URL(
    '/ws/node',
    origin ?? `${tls ? 'https' : 'http'}://${listen.host.includes(':') ? `[${listen.host}]` : listen.host}:${listen.port}`,
  );
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  return address.href;
}

/**
 * What to run as root on a node on which the agent's package is installed: it says where the manager is, puts the token where the
 * agent looks for it, for nobody else to read, and starts it. Device type, token and address hold no character that a shell or JSON
 * minds inside these quotes: their schemas see to it, and an address is a parsed URL.
 */
export function installCommand(config: ManagerConfig, deviceType: string, token: string): string {
  const root = `/opt/tidegate/${deviceType}`;
  return [
    `install -d -m 0700 -o tidegate -g tidegate ${root}/identity`,
    `install -d -m 0755 ${root}/config.d`,
    `printf '%s\\n' '{"manager":{"url":"${nodeAddress(config).replaceAll("'", '%27')}"}}' | install -m 0644 /dev/stdin ${root}/config.d/50-manager.json`,
    `printf '%s\\n' '${token}' | install -m 0600 -o tidegate -g tidegate /dev/stdin ${root}/identity/registration-token`,
    `systemctl restart ${deviceType}`,
  ].join(' && ');
}
