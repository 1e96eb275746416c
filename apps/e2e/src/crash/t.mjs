import { serveReleases } from './releases.ts';
import { CrashNode } from './crash-node.ts';
import { faultsOf, readAttempts } from './node-disk.ts';
import { rmSync, readFileSync } from 'node:fs';
rmSync('/dev/shm/crt',{recursive:true,force:true}); 
const r=await serveReleases('/dev/shm/crt/rel');
for (const b of ['good','bad']) {
const n=await CrashNode.install('/dev/shm/crt/'+b,b,r);
await n.connect(r);
let t=performance.now();
const pre=await n.pre(); 
const a=n.start({mode:'count',log:'/dev/shm/crt/'+b+'.log'});
console.log(await n.follow(a), a.end); console.log(performance.now()-t); 
await n.recover(); console.log(performance.now()-t);
console.log(await faultsOf(n), readAttempts(n.root).history[0].state, readAttempts(n.root).history[0].errorDetails);
await n.disconnect();
}
await r.close();
