import { join } from 'node:path';
import express, { type Request, type Response, type Router } from 'express';

/** The console's built files; any other path that a browser navigates to is the console's own business (client routes). */
export function consoleFiles(consoleDir: string): Router {
  const router = express.Router();
  // Vite names files by their content, so they never change; the page that names them always may.
  router.use('/assets', express.static(join(consoleDir, 'assets'), { immutable: true, maxAge: '365d', fallthrough: true, index: false }));
  router.use(express.static(consoleDir, { maxAge: 0, index: false }));
  router.get(/^\/(?!api\/|ws\/|mirror\/|assets\/|healthz$|readyz$|metrics$)/, (request: Request, response: Response, next) => {
    if (!request.accepts('html')) return next();
    response.setHeader('Cache-Control', 'no-cache');
    response.sendFile(join(consoleDir, 'index.html'), (error?: Error) => {
      if (error) next();
    });
  });
  return router;
}
