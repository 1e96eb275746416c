/** Stands in for a verifier that dies of its input. */
throw new Error('died');
