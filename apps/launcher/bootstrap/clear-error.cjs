'use strict';

/** An error whose message is meant for the person at the terminal: one line, what to do, no stack. */
const clearError = (message) => Object.assign(new Error(message), { clear: true });

module.exports = { clearError };
