import { Button, Divider } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { apiPath } from '@tidegate/contract-api';
import { useCaller } from '../api/caller-context.ts';
import { signInMethodsQuery } from '../api/queries.ts';

/** A link and no call: the browser itself goes to the provider. Nothing as long as it is not known whether there is one. */
export function OidcButton({ from }: { readonly from: string }) {
  const provider = useQuery(signInMethodsQuery(useCaller())).data?.oidc;
  if (!provider) return null;
  return (
    <>
      <Divider label="or" />
      <Button component="a" href={`${apiPath('startOidcSignIn')}?from=${encodeURIComponent(from)}`} variant="default" fullWidth>
        Sign in with {provider.name}
      </Button>
    </>
  );
}
