/**
 * Must be imported before anything that imports zod. zod compiles its parsers with `new Function` where it may; under the
 * manager's content policy the attempt is refused and shows up as a violation in the browser's console and in reports.
 */
(globalThis as { __zod_globalConfig?: { jitless: boolean } }).__zod_globalConfig = { jitless: true };
