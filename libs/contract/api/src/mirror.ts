import { z } from 'zod';

/** What an edge's release source reads of a release: the part of GitHub's REST answer that a mirror has to speak. */
export const mirroredAsset = z.object({ id: z.int(), name: z.string(), size: z.int() });
export const mirroredRelease = z.object({ tag_name: z.string(), draft: z.literal(false), assets: z.array(mirroredAsset) });
export type MirroredRelease = z.infer<typeof mirroredRelease>;
export const mirroredReleases = z.array(z.object({ tag_name: z.string(), draft: z.literal(false) }));
export type MirroredReleases = z.infer<typeof mirroredReleases>;
export const listMirrored = z.strictObject({ per_page: z.coerce.number().int().min(1).max(100).default(30) });
