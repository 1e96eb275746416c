import { Button, Checkbox, Popover, Stack } from '@mantine/core';
import { COLUMN_IDS, type ColumnId } from './shown-columns.ts';

const WORDS: Record<ColumnId, string> = {
  connection: 'Status',
  software_version: 'Version',
  group: 'Group',
  device_type: 'Device type',
  labels: 'Labels',
  last_seen_at: 'Last seen',
  arch: 'Arch',
};

export function ColumnChoice({ shown, onChange }: { readonly shown: readonly ColumnId[]; readonly onChange: (shown: ColumnId[]) => void }) {
  return (
    <Popover position="bottom-end" withinPortal={false} trapFocus>
      <Popover.Target>
        <Button variant="default" visibleFrom="md">
          Columns
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Checkbox.Group label="Show" value={[...shown]} onChange={(ids) => onChange(ids)}>
          <Stack gap={6} mt={6}>
            {COLUMN_IDS.map((id) => (
              <Checkbox key={id} value={id} label={WORDS[id]} />
            ))}
          </Stack>
        </Checkbox.Group>
      </Popover.Dropdown>
    </Popover>
  );
}
