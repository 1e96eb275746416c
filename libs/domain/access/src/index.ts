export { may, reach, type Membership, type Principal, type Reach, type Target } from './access.ts';
