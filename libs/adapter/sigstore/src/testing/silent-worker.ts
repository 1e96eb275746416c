/** Stands in for a verifier that ends without an answer. */
export {};
