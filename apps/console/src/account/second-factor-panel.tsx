import { Button, Group, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useCaller } from '../api/caller-context.ts';
import { KEYS, secondFactorQuery } from '../api/queries.ts';
import { Dialog } from '../frame/dialog.tsx';
import { ErrorNotice } from '../frame/error-notice.tsx';
import { Panel } from '../node/panel.tsx';
import { Pill } from '../nodes/pill.tsx';
import { Moment } from '../time/moment.tsx';
import { TurnOffSecondFactor } from './turn-off-second-factor.tsx';
import { TurnOnSecondFactor } from './turn-on-second-factor.tsx';

/** As few as this is said: whoever has none left and loses the phone has to ask an administrator. */
const FEW_CODES = 3;

export function SecondFactorPanel() {
  const factor = useQuery(secondFactorQuery(useCaller()));
  const client = useQueryClient();
  const [asked, ask] = useState<'on' | 'off' | null>(null);
  const close = () => {
    ask(null);
    // Not earlier: what else opens with it must not take the recovery codes off the page.
    void client.invalidateQueries({ queryKey: KEYS.session });
  };
  const view = factor.data;
  return (
    <Panel
      id="second-factor"
      title="Second factor"
      aside={
        view && (
          <Button size="compact-sm" variant={view.on ? 'default' : 'filled'} onClick={() => ask(view.on ? 'off' : 'on')}>
            {view.on ? 'Turn off…' : 'Turn on…'}
          </Button>
        )
      }
    >
      <Stack gap="sm">
        {factor.isError && <ErrorNotice error={factor.error} onRetry={() => void factor.refetch()} />}
        {factor.isPending && <Skeleton height={40} radius="md" aria-label="Loading the second factor" />}
        {view?.on === false && (
          <Text size="sm" c="dimmed">
            Off. With it, signing in takes a code of an authenticator app beside the password, so a stolen password is not enough.
          </Text>
        )}
        {view?.on && (
          <Group gap="xs">
            <Pill tone="good">on</Pill>
            <Text size="sm">
              since <Moment at={view.since} />
            </Text>
            <Pill tone={view.recovery_codes_left <= FEW_CODES ? 'caution' : 'calm'}>{view.recovery_codes_left} recovery codes left</Pill>
          </Group>
        )}
      </Stack>
      <Dialog title="Turn the second factor on" isOpen={asked === 'on'} onClose={close}>
        <TurnOnSecondFactor onClose={close} />
      </Dialog>
      <Dialog title="Turn the second factor off" isOpen={asked === 'off'} onClose={close}>
        <TurnOffSecondFactor onClose={close} />
      </Dialog>
    </Panel>
  );
}
