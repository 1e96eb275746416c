// Demo fault: a build whose signatures are wrong, so that no manager ever accepts it, while the process itself stays healthy.
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';

if (process.argv[2] === 'run') {
  const sign = crypto.sign;
  crypto.sign = (...args) => {
    const signature = sign(...args);
    signature[0] ^= 0xff;
    return signature;
  };
  // Without this, `import { sign } from 'node:crypto'` elsewhere in the bundle would still see the good one.
  syncBuiltinESMExports();
}
