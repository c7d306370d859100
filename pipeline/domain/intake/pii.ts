const email = /[^\s@<>,;:"'()]{1,64}@[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63}){0,8}\.\p{L}{2,24}/u;

// With a country code, in the North American shape, or in groups after a leading zero. Bare digits are
// not taken for a phone number: that would refuse article numbers and timestamps.
const phones = [
  /(?<![\w+])\+\d(?:[ ()./-]{0,2}\d){7,14}(?!\w)/,
  /(?<![\w.-])(?:\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4}(?![\w-])/,
  /(?<![\w.-])(?=(?:[ ()/-]{0,2}\d){9})\(?0\d{1,4}\)?[ /-]\d{2,4}(?:[ -]?\d{2,4}){1,3}(?![\w-])/,
];
const digitRun = /(?<!\w)\d(?:[ -]?\d){13,18}(?!\w)/g;
// Prefixes and lengths of cards in use; without them one in ten long numbers would pass the checksum.
const cards = [
  /^4\d{15}(?:\d{3})?$/,
  /^5[0-8]\d{14}$/,
  /^2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}$/,
  /^3[47]\d{13}$/,
  /^3(?:0[0-5]|[68]\d)\d{11}$/,
  /^35\d{14}$/,
  /^6(?:011|4[4-9]\d|5\d\d|2\d\d)\d{12,15}$/,
];

/** Names that say what the value is, so that bare digits count. */
const phoneName = /(?:^|[^a-z])(?:phone|mobile|telephone|tel|cellphone|fax|msisdn)(?:[^a-z]|number|$)/i;

/** Hans Peter Luhn's checksum, US patent 2,950,048. */
function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i += 1) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48;
    const weighted = i % 2 === 0 ? digit : 2 * digit;
    sum += weighted > 9 ? weighted - 9 : weighted;
  }
  return sum % 10 === 0;
}

function holdsCard(text: string): boolean {
  return (text.match(digitRun) ?? []).some((run) => {
    const digits = run.replace(/[ -]/g, '');
    return cards.some((card) => card.test(digits)) && passesLuhn(digits);
  });
}

const holdsEmail = (text: string): boolean =>
  (text.includes('@') || /%40/.test(text)) && email.test(text.replaceAll('%40', '@'));

const holdsPhone = (name: string, text: string): boolean =>
  phones.some((pattern) => pattern.test(text)) ||
  (phoneName.test(name) && (text.match(/\d/g) ?? []).length >= 7 && /^[\d\s()+./-]+$/.test(text));

/** True where a named text looks like an e-mail address, a phone number or a payment card number. */
export function looksPersonal(name: string, text: string): boolean {
  return holdsEmail(text) || holdsPhone(name, text) || holdsCard(text);
}
