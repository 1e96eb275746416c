import { SetMetadata } from '@nestjs/common';

export const PUBLIC_ROUTE = 'tidegate:public';
/** Served without a session. A route with neither this nor an access rule is refused, so that none is open by oversight. */
export const Public = () => SetMetadata(PUBLIC_ROUTE, true);
