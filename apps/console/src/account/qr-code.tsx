import qrcode from 'qrcode-generator';

/** Quiet zone around it, in modules: without one a camera does not find the corners. */
const MARGIN = 4;

/** Dark on light also in a dark page: cameras want it so. */
export function QrCode({ text, label }: { readonly text: string; readonly label: string }) {
  const code = qrcode(0, 'M');
  code.addData(text);
  code.make();
  const count = code.getModuleCount();
  const size = count + 2 * MARGIN;
  const rows = Array.from({ length: count }, (_, row) => row);
  const dark = rows.flatMap((row) =>
    rows.filter((column) => code.isDark(row, column)).map((column) => `M${column + MARGIN} ${row + MARGIN}h1v1h-1z`),
  );
  return (
    <svg role="img" aria-label={label} width={208} height={208} viewBox={`0 0 ${size} ${size}`} shapeRendering="crispEdges">
      <rect width={size} height={size} fill="#ffffff" />
      <path d={dark.join('')} fill="#07263b" />
    </svg>
  );
}
