import { Button, Code, Group, Skeleton, Stack, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { linkIdentity, type IdentityView, type UserView } from '@tidegate/contract-api';
import { useState } from 'react';
import { useCaller } from '../api/caller-context.ts';
import { identitiesQuery, KEYS, signInMethodsQuery } from '../api/queries.ts';
import { useAct } from '../api/use-act.ts';
import { ActForm } from '../frame/act-form.tsx';
import { Dialog } from '../frame/dialog.tsx';
import { ErrorNotice } from '../frame/error-notice.tsx';
import { Moment } from '../time/moment.tsx';

const CHANGES = [KEYS.identities];

function Identity({ user, identity }: { readonly user: UserView; readonly identity: IdentityView }) {
  const unlink = useAct('unlinkIdentity', { changes: CHANGES });
  return (
    <Stack gap={4}>
      <Group justify="space-between" wrap="nowrap" align="start">
        <div>
          <Code>{identity.subject}</Code>
          <Text size="sm" c="dimmed">
            {identity.issuer}
          </Text>
          <Text size="sm" c="dimmed">
            last used <Moment at={identity.last_used_at} />
          </Text>
        </div>
        <Button
          size="compact-sm"
          variant="default"
          loading={unlink.isPending}
          aria-label={`Unlink ${identity.subject}`}
          onClick={() => unlink.mutate({ parameters: { id: user.id, identity_id: identity.id } })}
        >
          Unlink
        </Button>
      </Group>
      {unlink.isError && <ErrorNotice error={unlink.error} />}
    </Stack>
  );
}

function Identities({ user, onClose }: { readonly user: UserView; readonly onClose: () => void }) {
  const caller = useCaller();
  const identities = useQuery(identitiesQuery(caller, user.id));
  const provider = useQuery(signInMethodsQuery(caller)).data?.oidc;
  const [subject, setSubject] = useState('');
  const [issuer, setIssuer] = useState('');
  const link = useAct('linkIdentity', { changes: CHANGES, onDone: () => setSubject('') });
  const body = { subject, ...(issuer !== '' && { issuer }) };
  const isReady = linkIdentity.safeParse(body).success && (issuer !== '' || Boolean(provider));
  return (
    <ActForm
      submit="Link"
      isReady={isReady}
      act={link}
      onClose={onClose}
      onSubmit={() => link.mutate({ parameters: { id: user.id }, body })}
    >
      <Text size="sm">
        Whoever a sign-in provider knows by one of these signs in as {user.username}. The audit trail names issuer and subject of a sign-in
        that was refused.
      </Text>
      {identities.isPending && <Skeleton height={48} radius="md" aria-label="Loading identities" />}
      {identities.isError && <ErrorNotice error={identities.error} onRetry={() => void identities.refetch()} />}
      {identities.data?.items.map((identity) => (
        <Identity key={identity.id} user={user} identity={identity} />
      ))}
      <TextInput
        label="Subject"
        description="sub of the provider’s tokens"
        maxLength={255}
        autoComplete="off"
        data-autofocus
        value={subject}
        onChange={(event) => setSubject(event.currentTarget.value.trim())}
      />
      <TextInput
        label="Issuer"
        {...(provider && { description: `empty: ${provider.name}, the provider of this manager` })}
        maxLength={300}
        autoComplete="off"
        value={issuer}
        onChange={(event) => setIssuer(event.currentTarget.value.trim())}
      />
    </ActForm>
  );
}

export function IdentitiesDialog(props: { readonly user: UserView; readonly isOpen: boolean; readonly onClose: () => void }) {
  const { user, isOpen, onClose } = props;
  return (
    <Dialog title={`Sign-in provider of ${user.username}`} isOpen={isOpen} onClose={onClose}>
      <Identities user={user} onClose={onClose} />
    </Dialog>
  );
}
