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
# Until the agent listens, SIGUSR1 (its \`apply\`) would open Node's debugger to whoever may connect to a port of this machine.
exec "\${TIDEGATE_NODE:-node}" --disable-sigusr1 "$bin/../lib/main.mjs" "$@"
`;
