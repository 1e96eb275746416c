/** Something that must not be in a file of this project, because it belongs to one machine, one person or one afternoon. */
interface Mark {
  readonly name: string;
  readonly pattern: RegExp;
  /** Files that are allowed to say it. */
  readonly except?: RegExp;
}

const START = String.raw`(?<=^|[\s"'\x60(=:,])`;

const MARKS: readonly Mark[] = [
  { name: 'path of one machine', pattern: new RegExp(`${START}/(home|root|Users|work)/[\\w.-]+`) },
  { name: 'folder beside the checkout', pattern: /\.\.\/shared\b/, except: /^\.ci\/run$/ },
  {
    name: 'registry host',
    pattern: /\b(registry|npm|artifactory|nexus)\.[a-z0-9-]+\.(com|org|net|io|dev|internal|local)\b|"resolved": "https?:/i,
  },
  { name: 'unfinished', pattern: new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX', 'HA' + 'CK'].join('|')})\\b`) },
  {
    name: 'e-mail address',
    // Reserved names (RFC 2606) are nobody's; `git@`, a URL's userinfo and `unit@instance.service` are not mail.
    pattern:
      /(?<!:\/\/\S*)\b(?!git@)[\w.+-]+@(?!example\.|[\w-]+\.(?:test|example|invalid|service|timer|socket|path)\b)[\w-]+(\.[\w-]+)*\.[a-z]{2,}\b/i,
    except: /^(package-lock\.json|LICENSE)$/,
  },
];

/** One line per mark in a file's text: `path:line: what: the words`. */
export const strayMarks = (path: string, text: string): readonly string[] => {
  const marks = MARKS.filter(({ except }) => !except?.test(path));
  return text.split('\n').flatMap((line, index) =>
    marks.flatMap(({ name, pattern }) => {
      const found = pattern.exec(line);
      return found ? [`${path}:${index + 1}: ${name}: ${found[0]}`] : [];
    }),
  );
};
