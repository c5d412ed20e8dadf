import fc from 'fast-check';
import { render } from 'preact-render-to-string';
import { describe, expect, it } from 'vitest';
import { MarkdownView, safeAddress, SHOWN_MAX_CHARACTERS } from '../../src/widgets/notes/markdown.tsx';

const html = (text: string): string => render(<MarkdownView text={text} />);

/** Everything in the markup that is not text: a tag that may be there, with the attributes that it may have. */
const ALLOWED =
  /<\/?(?:p|em|strong|s|blockquote|ul|ol|li|table|thead|tbody|tr|th|td|pre|code|span|br|hr)(?: (?:class="note-(?:heading|cut)"|tabindex="0"))*\/?>|<a href="(?:https?:\/\/|mailto:|[#/])[^"<>]*" rel="noopener noreferrer nofollow">|<\/a>/g;
const strays = (markup: string): string[] => markup.replaceAll(ALLOWED, '').match(/<[^>]*>?/g) ?? [];

/** The ways in which scripts have been smuggled into pages. */
const hostile = [
  '<script>alert(1)</script>',
  '<SCRIPT SRC=https://evil.example/x.js></SCRIPT>',
  '<img src=x onerror=alert(1)>',
  '<img src="x` `<script>alert(1)</script>"` `>',
  '<svg onload=alert(1)>',
  '<svg><animate onbegin=alert(1) attributeName=x dur=1s>',
  '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
  '<iframe srcdoc="<script>alert(1)</script>">',
  '<style>@import "https://evil.example/x.css"</style>',
  '<p style="background:url(javascript:alert(1))">x</p>',
  '<details open ontoggle=alert(1)>',
  '<a href="javascript:alert(1)">x</a>',
  '<form action="https://evil.example"><button>x</button></form>',
  '<base href="https://evil.example/">',
  '<meta http-equiv="refresh" content="0;url=https://evil.example">',
  '<object data="data:text/html,<script>alert(1)</script>">',
  '<!--[if gte IE 4]><script>alert(1)</script><![endif]-->',
  '<![CDATA[<script>alert(1)</script>]]>',
  '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
  '<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>',
  '[x](javascript:alert(1))',
  '[x](JaVaScRiPt:alert(1))',
  '[x](java\tscript:alert(1))',
  '[x](<java\nscript:alert(1)>)',
  '[x](&#106;avascript:alert(1))',
  '[x](javascript&colon;alert(1))',
  '[x](&#x6A&#x61&#x76&#x61script:alert(1))',
  '[x](\u0001javascript:alert(1))',
  '[x]( javascript:alert(1))',
  '[x](vbscript:msgbox(1))',
  '[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)',
  '[x](blob:https://evil.example/1)',
  '[x](file:///etc/passwd)',
  '[x](filesystem:https://evil.example/temporary/x)',
  '[x](view-source:https://evil.example)',
  '[x](https://a.example" onmouseover="alert(1))',
  "[x](https://a.example' onmouseover='alert(1))",
  '[x](<https://a.example"><script>alert(1)</script>>)',
  '[x](https://a.example "title\\" onmouseover=\\"alert(1)")',
  '![x](https://evil.example/pixel.png)',
  '![x" onerror="alert(1)](y)',
  '![x](javascript:alert(1))',
  '![x](data:image/svg+xml,<svg onload=alert(1)>)',
  '[![x](https://evil.example/p.png)](javascript:alert(1))',
  '<javascript:alert(1)>',
  '<https://a.example/"onmouseover=alert(1)>',
  '[a]\n\n[a]: javascript:alert(1)',
  '[a]: <javascript:alert(1)> "x"\n\n![a]',
  '```"><script>alert(1)</script>\ncode\n```',
  '``` " onmouseover="alert(1)\ncode\n```',
  '`<script>alert(1)</script>`',
  '| a |\n|:--|\n| <img src=x onerror=alert(1)> |',
  '> <script>alert(1)</script>\n\n1. <svg/onload=alert(1)>\n- [ ] <input onfocus=alert(1) autofocus>',
  '&lt;script&gt;alert(1)&lt;/script&gt;',
  '&#60;img src=x onerror=alert(1)&#62;',
  '\u2028<script>alert(1)</script>\u202e',
  '<scr\u0000ipt>alert(1)</scr\u0000ipt>',
  '\\<script>alert(1)\\</script>',
];

describe('a hostile text', () => {
  it.each(hostile)('%j is shown, and is nothing but text and harmless links', (text) => {
    expect(strays(html(text))).toEqual([]);
  });

  it.each(hostile.filter((text) => text.startsWith('<') && !/^<(https|javascript):/.test(text)))(
    '%j makes no element at all of its HTML',
    (text) => {
      expect(html(text)).toContain('&lt;');
    },
  );

  it('whatever it is made of, makes no other element, attribute or address', () => {
    const piece = fc.oneof(
      fc.constantFrom(...hostile),
      fc.constantFrom(
        '<',
        '>',
        '"',
        "'",
        '`',
        '[',
        '](',
        ')',
        '![',
        '\n',
        '\n\n',
        '    ',
        '> ',
        '- ',
        '|',
        '~~',
      ),
      fc.constantFrom(
        'javascript:',
        'data:',
        'https://a.example/',
        'onerror=',
        'style=',
        '&',
        '#',
        '\\',
        '*',
        '_',
      ),
      fc.string({ maxLength: 6, unit: 'binary' }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 24 }), (pieces) => {
        const found = strays(html(pieces.join('')));
        if (found.length > 0) throw new Error(found.join(' '));
      }),
      { numRuns: 1500 },
    );
  });

  it.each([
    ['brackets', '['.repeat(100_000)],
    ['links', '[a]('.repeat(25_000)],
    ['emphasis', '*a **a '.repeat(14_000)],
    ['backticks', Array.from({ length: 440 }, (_, size) => '`'.repeat(size)).join(' ')],
    ['quotes', '>'.repeat(100_000)],
    ['lists', Array.from({ length: 400 }, (_, depth) => `${' '.repeat(2 * depth)}- x`).join('\n')],
    ['tables', `${'|a'.repeat(500)}\n${'|-'.repeat(500)}\n${`${'|x'.repeat(500)}\n`.repeat(90)}`],
    ['addresses', 'https://a.example/('.repeat(5_000)],
    ['entities', '&'.repeat(100_000)],
    ['angles', '<a '.repeat(30_000)],
    ['one million characters', 'word *word* '.repeat(84_000)],
  ])('of %s is drawn within seconds', (_, text) => {
    const start = performance.now();
    expect(strays(html(text))).toEqual([]);
    expect(performance.now() - start).toBeLessThan(4_000);
  });
});

describe('Markdown', () => {
  it.each([
    ['Lag is *not* **loss**.', '<p>Lag is <em>not</em> <strong>loss</strong>.</p>'],
    ['# Acks', '<p class="note-heading">Acks</p>'],
    ['- a\n- b', '<ul>\n<li>a</li>\n<li>b</li>\n</ul>'.replaceAll('\n', '')],
    ['`acks=all`', '<p><code>acks=all</code></p>'],
    ['~~old~~', '<p><s>old</s></p>'],
    [
      '[docs](https://kafka.apache.org/)',
      '<p><a href="https://kafka.apache.org/" rel="noopener noreferrer nofollow">docs</a></p>',
    ],
    ['server.properties', '<p>server.properties</p>'],
    ['a < b & c', '<p>a &lt; b &amp; c</p>'],
  ])('%j', (text, expected) => {
    expect(html(text)).toBe(expected);
  });

  it('links a bare address, and a picture instead of loading it', () => {
    expect(html('see https://a.example/x')).toContain('href="https://a.example/x"');
    const picture = html('![the log](https://a.example/log.png)');
    expect(picture).toContain('href="https://a.example/log.png"');
    expect(picture).toContain('[the log]');
    expect(picture).not.toContain('<img');
  });

  it('of more than the page can bear is cut, and says so', () => {
    const markup = html('a'.repeat(SHOWN_MAX_CHARACTERS + 1));
    expect(markup).toContain('The first 100,000 characters of 100,001');
  });
});

it.each([
  ['#acks', '#acks'],
  ['/brokers/kafka/', '/brokers/kafka/'],
  ['mailto:a@b.example', 'mailto:a@b.example'],
  ['HTTPS://A.example', 'https://a.example/'],
  ['//a.example/x', 'https://a.example/x'],
  ['/\\a.example/x', 'https://a.example/x'],
  ['x.html', null],
  ['tel:1', null],
  ['', null],
  ['https://', null],
])('the address %j becomes %j', (address, expected) => {
  expect(safeAddress(address)).toBe(expected);
});
