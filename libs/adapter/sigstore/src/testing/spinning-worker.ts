/** Stands in for a verifier that a hostile bundle has hung: it never answers and never yields. */
for (;;);
