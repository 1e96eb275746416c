interface DriverError {
  readonly code?: unknown;
  readonly severity?: unknown;
}

const NETWORK_CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE', 'ETIMEDOUT', 'EACCES', 'EHOSTUNREACH', 'ENOTFOUND']);
// node-postgres gives these errors no code at all; there is nothing else to tell them by.
const DRIVER_TEXTS = /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered|Client was closed)/;

/**
 * Whether an error means "the database is away" rather than "this statement is wrong". An error that the server itself
 * reported has a severity and an SQLSTATE: class 08 is the connection, 57P01-57P03 a server that stops or starts, 53300 too
 * many connections. Everything else the driver throws (refused, reset, terminated) never reached a server at all.
 */
export function isConnectionLoss(error: unknown): boolean {
  const driver = ((error as { driverError?: unknown }).driverError ?? error) as DriverError;
  if (typeof driver.severity === 'string') return /^(08|57P0|53300)/.test(String(driver.code));
  if ((error as Error).name === 'QueryFailedError') return true;
  return NETWORK_CODES.has(String(driver.code)) || DRIVER_TEXTS.test(String((driver as Error).message));
}
