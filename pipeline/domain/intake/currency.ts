import { type Fields, readText, report } from './fields.ts';
import { currencyRule } from './text.ts';

/**
 * Codes that a price can be in: ISO 4217 List One (SIX Financial Information, the standard's maintenance agency,
 * https://www.six-group.com/en/products-services/financial-information/market-reference-data/data-standards.html) as of
 * 1 January 2026, funds codes included. Left out is what nothing is priced in: metals, drawing rights and bond units (XAU,
 * XDR, XBA …), the code for tests (XTS) and the one for no currency (XXX).
 */
export const currencies: readonly string[] = [
  'AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF',
  'CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD',
  'HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD',
  'MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN',
  'PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD',
  'TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG',
].flatMap((line) => line.split(' '));

const active: ReadonlySet<string> = new Set(currencies);

/** An active ISO 4217 code, as it is written there. */
export function readCurrency(fields: Fields, name: string): string | null {
  const code = readText(fields, name, currencyRule);
  if (code === null || active.has(code)) return code;
  const message = 'is no active ISO 4217 code; write one that prices are in, such as EUR';
  return report(fields, name, { code: 'currency_unknown', message });
}
