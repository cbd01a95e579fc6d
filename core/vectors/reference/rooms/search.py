"""Inputs of `search.json`."""

KEY = bytes(range(32)).hex()
OTHER_KEY = bytes(range(1, 33)).hex()
PLACE = {"tenant": None, "table": "patients", "field": "ssn"}
ALL_STEPS = ["digits", "trim", "collapse_spaces", "compact", "casefold", "nfc", "nfkc"]
LOW = {"accept_leak": ["low_cardinality"]}
DIGITS = {"normalizer": ["digits"]}
EXACT = {"transform": "exact"}
WORDS = {"transform": "words"}
LAST4 = {"transform": {"last": 4}} | LOW


def text(content):
    return {"type": "text", "text": content}


def date(content):
    return {"type": "date", "text": content}


NORMALIZED = [
    ("none", [], " As it is \u0378"),
    ("empty", ["casefold"], ""),
    ("digits_ascii", ["digits"], "(555) 010-0199 x2"),
    ("digits_of_scripts", ["digits"], "\u0661\u06f2\u0969\u09ea\u0e55\uff16\U0001d7d7\u00b2\u2460\u4e00"),
    ("digits_none", ["digits"], "none"),
    ("trim", ["trim"], "\u2003\t a b \u00a0\r\n\u3000"),
    ("trim_keeps_zero_width", ["trim"], "\u200ba\ufeff"),
    ("trim_keeps_separators_of_information", ["trim"], "\x1ca\x1f"),
    ("collapse", ["collapse_spaces"], " a \u00a0\t b\u2028\u2029c\u0085"),
    ("compact", ["compact"], "O'Brien-Smith, J. (\u300cx\u300d) \u2014 \u20ac_\u00bf\u00d7"),
    ("fold_latin", ["casefold"], "STRASSE Stra\u00dfe \u1e9e"),
    ("fold_greek", ["casefold"], "\u03a3\u038a\u03a3\u03a5\u03a6\u039f\u03a3 \u1fb3 \u0390"),
    ("fold_cyrillic", ["casefold"], "\u0410\u041b\u0415\u041a\u0421\u0415\u0419 \u0401\u0416"),
    ("fold_armenian", ["casefold"], "\u0535\u0552 \u0587"),
    ("fold_georgian", ["casefold"], "\u1c90\u10d0"),
    ("fold_cherokee", ["casefold"], "\u13a0\uab70"),
    ("fold_turkish", ["casefold"], "\u0130I\u0131"),
    ("fold_ligatures", ["casefold"], "\ufb03 \ufb05 \u01c4 \u0149"),
    ("fold_full_width", ["casefold"], "\uff21\uff22\uff23\uff11"),
    ("fold_angstrom", ["casefold"], "\u212b\u212a\u2126"),
    ("fold_adlam", ["casefold"], "\U0001e900\U0001e922"),
    ("fold_combining_order", ["casefold"], "A\u0323\u0307 a\u0307\u0323 \u0345A"),
    ("fold_ypogegrammeni", ["casefold"], "\u0391\u0345\u0301"),
    ("fold_mathematical", ["casefold"], "\U0001d400\u2102\u00b2\u00bd"),
    ("nfc_latin", ["nfc"], "e\u0301 \u1e0b\u0323"),
    ("nfc_hangul", ["nfc"], "\u1112\u1161\u11ab"),
    ("nfc_excluded", ["nfc"], "\u0958 \u2126"),
    ("nfc_keeps_compatibility", ["nfc"], "\u2460\ufb01"),
    ("nfkc", ["nfkc"], "\u2460\ufb01\u3392\uff76\uff9e"),
    ("arabic", ["nfkc"], "\ufe8e\ufefb\u0645"),
    ("devanagari", ["nfc"], "\u0915\u093c\u0940"),
    ("emoji", ["casefold"], "\U0001f469\u200d\u2695\ufe0f"),
    ("email", ["trim", "casefold"], " Ada@Example.ORG "),
    ("name", ["casefold", "compact"], "\uff2f\u2019Brien \u00c5se"),
    ("order_matters", ["compact", "casefold"], "\u2160 \u00bd\u2044"),
    ("eight_steps", ALL_STEPS[1:] + ["digits", "nfc"], " \u0967-\uff12 "),
]

# Assigned after Unicode 14.0: the reference need not know them. Each states what 16.0 gives.
LATER = [
    ("unicode_15_letter", ["nfc"], "\U0001e4d0\U0001e4eb", "\U0001e4d0\U0001e4eb"),
    ("unicode_15_kawi_digit", ["digits"], "\U00011f51\U00011f59", "19"),
    ("unicode_15_1_ideograph", ["casefold"], "\U0002ebf0", "\U0002ebf0"),
    ("unicode_16_cyrillic_tje", ["casefold"], "\u1c89", "\u1c8a"),
    ("unicode_16_rams_horn", ["casefold"], "\ua7cb", "\u0264"),
    ("unicode_16_garay", ["casefold"], "\U00010d50\U00010d65", "\U00010d70\U00010d85"),
    ("unicode_16_garay_digit", ["digits"], "\U00010d40\U00010d49", "09"),
    ("unicode_16_outlined_letter", ["nfkc"], "\U0001ccd6\U0001ccf9", "A9"),
]

UNASSIGNED = {
    "greek_gap": "\u0378", "after_16": "\ua7ce", "after_16_beyond_bmp": "\U00016ea0", "private_use": "\ue000", "private_plane": "\U000f0000",
    "noncharacter": "\uffff", "noncharacter_in_arabic": "\ufdd0", "last": "\U0010ffff", "in_the_middle": "Ada\u038bLovelace", "plane_14": "\U000e0080",
}


def cases():
    yield from normalize_cases()
    yield from info_cases()
    yield from value_cases()
    yield from query_cases()


def normalize_cases():
    for name, steps, content in NORMALIZED:
        yield f"normalize_{name}", "search_normalize", {"steps": steps, "text": content}
    for name, steps, content, expected in LATER:
        yield f"normalize_{name}", "search_normalize", {"steps": steps, "text": content}, {"text": expected}
    for name, content in UNASSIGNED.items():
        yield f"normalize_unassigned_{name}", "search_normalize", {"steps": ["trim"], "text": content}
    for step in ALL_STEPS:
        yield f"normalize_unassigned_by_{step}", "search_normalize", {"steps": [step], "text": "a\u0378"}
    sizes = {
        "too_long": ("nfkc", "x", 65537), "too_long_in_bytes": ("trim", "\u00e9", 32769),
        "too_long_after_a_step": ("nfkc", "\ufdfa", 20000), "too_long_though_dropped": ("digits", "x", 65537),
        "too_long_after_folding": ("casefold", "\u0149", 30000),
    }
    for name, (step, part, times) in sizes.items():
        yield f"normalize_{name}", "search_normalize", {"steps": [step], "text": {"repeat": part, "times": times}}
    # The longest text, of which nothing is left.
    yield "normalize_longest", "search_normalize", {"steps": ["compact"], "text": {"repeat": " ", "times": 65536}}
    yield "normalize_nine_steps", "search_normalize", {"steps": ["trim"] * 9, "text": ""}


NORTH = PLACE | {"tenant": "north"}
ACCEPTED = {
    "exact": (EXACT, "text", PLACE),
    "exact_normalized": (EXACT | {"normalizer": ["trim", "casefold"]}, "text", PLACE),
    "exact_of_a_tenant": (EXACT, "text", NORTH),
    "exact_of_an_empty_tenant": (EXACT, "text", PLACE | {"tenant": ""}),
    "domain": (EXACT | {"domain": "mrn", "accept_leak": ["joins"]}, "text", PLACE),
    "domain_of_a_tenant": (EXACT | {"domain": "mrn", "accept_leak": ["joins"]}, "text", NORTH),
    "last": (LAST4 | DIGITS | {"bits": 20}, "text", PLACE),
    "first": ({"transform": {"first": 5}}, "text", PLACE),
    "words": (WORDS, "text", PLACE),
    "phonetic": ({"transform": "phonetic"} | LOW, "text", PLACE),
    "year_month": ({"transform": {"date": "year_month"}} | LOW, "date", PLACE),
    "uuid": (EXACT, "uuid", PLACE),
}
REFUSED = {
    "exact_of_64_bits": (EXACT | {"bits": 64}, "text"),
    "no_bits": (WORDS | {"bits": 0}, "text"),
    "129_bits": (WORDS | {"bits": 129}, "text"),
    "words_of_numbers": (WORDS, "i64"),
    "phonetic_of_bytes": ({"transform": "phonetic"} | LOW, "bytes"),
    "year_of_text": ({"transform": {"date": "year"}} | LOW, "text"),
    "year_of_a_timestamp": ({"transform": {"date": "year"}} | LOW, "timestamp"),
    "json": (EXACT, "json"),
    "normalizer_of_numbers": (EXACT | DIGITS, "i64"),
    "nine_steps": (EXACT | {"normalizer": ["trim"] * 9}, "text"),
    "last_0": ({"transform": {"last": 0}} | LOW, "text"),
    "first_65": ({"transform": {"first": 65}}, "text"),
    "last_of_a_date": (LAST4, "date"),
    "unknown_leak": (EXACT | {"accept_leak": ["lowcardinality"]}, "text"),
    "empty_domain": (EXACT | {"domain": "", "accept_leak": ["joins"]}, "text"),
    "domain_of_129_bytes": (EXACT | {"domain": "d" * 129, "accept_leak": ["joins"]}, "text"),
    "domain_of_130_bytes": (EXACT | {"domain": "\u00e9" * 65, "accept_leak": ["joins"]}, "text"),
    "domain_not_accepted": (EXACT | {"domain": "mrn"}, "text"),
    "domain_with_other_leak_accepted": (EXACT | {"domain": "mrn"} | LOW, "text"),
    "last_4_digits": ({"transform": {"last": 4}} | DIGITS, "text"),
    "last_6_digits": ({"transform": {"last": 6}} | DIGITS, "text"),
    "first_4_letters": ({"transform": {"first": 4}}, "text"),
    "month": ({"transform": {"date": "month"}}, "date"),
    "year_month": ({"transform": {"date": "year_month"}}, "date"),
    "month_with_other_leak_accepted": ({"transform": {"date": "month"}, "accept_leak": ["joins"]}, "date"),
    "truth": (EXACT, "bool"),
    "19_bits": (WORDS | {"bits": 19}, "text"),
    "phonetic": ({"transform": "phonetic"}, "text"),
}


def info_cases():
    for name, (index, kind, place) in ACCEPTED.items():
        yield f"info_{name}", "search_index_info", {"index": index, "type": kind, "place": place}
    # 10^7 and 26^5 are more than 2^20.
    yield "info_last_7_digits", "search_index_info", {"index": {"transform": {"last": 7}} | DIGITS, "type": "text", "place": PLACE}
    for name, (index, kind) in REFUSED.items():
        yield f"info_refused_{name}", "search_index_info", {"index": index, "type": kind, "place": PLACE}
    for name, place in {"empty_table": PLACE | {"table": ""}, "long_tenant": PLACE | {"tenant": "x" * 129}}.items():
        yield f"info_{name}", "search_index_info", {"index": EXACT, "type": "text", "place": place}


def index(spec, value, kind=None, place=PLACE, key=KEY):
    kind = kind or value["type"]
    return {"index_key": key, "index": spec, "type": kind, "place": place, "value": value}


def value_cases():
    op = "search_index"
    ssn = text("999-41-1234")
    for name, source in {
        "exact": index(EXACT, ssn),
        "exact_digits": index(EXACT | DIGITS, ssn),
        "exact_under_other_key": index(EXACT, ssn, key=OTHER_KEY),
        "exact_of_a_tenant": index(EXACT, ssn, place=NORTH),
        "exact_in_a_domain": index(EXACT | {"domain": "mrn", "accept_leak": ["joins"]}, ssn),
        "exact_in_a_domain_from_other_table": index(EXACT | {"domain": "mrn", "accept_leak": ["joins"]}, ssn, place=PLACE | {"table": "visits"}),
        "exact_number": index(EXACT, {"type": "i64", "number": "-2"}),
        "exact_negative_zero": index(EXACT, {"type": "f64", "bits": "8000000000000000"}),
        "exact_decimal": index(EXACT, {"type": "decimal", "text": "1.50"}),
        "exact_moment": index(EXACT, {"type": "timestamp", "text": "2024-02-29T23:59:59+01:00"}),
        "exact_bytes": index(EXACT, {"type": "bytes", "hex": "00ff"}),
        "exact_truth": index(EXACT | LOW, {"type": "bool", "bool": False}),
        "exact_uuid": index(EXACT, {"type": "uuid", "text": "0188f0aa-1111-7abc-8def-0123456789ab"}),
        "last": index(LAST4 | DIGITS | {"bits": 20}, ssn),
        "last_in_scripts": index({"transform": {"last": 5}}, text("\u6771\u4eac\U0001f469a\u0301b")),
        "first": index({"transform": {"first": 5}, "normalizer": ["casefold"]}, text("Stra\u00dfe")),
        "1_bit": index(WORDS | LOW | {"bits": 1}, text("abc")),
        "127_bits": index(WORDS | {"bits": 127}, text("abc")),
        "year": index({"transform": {"date": "year"}, "bits": 13} | LOW, date("0099-12-31")),
        "year_month": index({"transform": {"date": "year_month"}} | LOW, date("2024-02-29")),
        "month": index({"transform": {"date": "month"}} | LOW, date("2024-02-29")),
        "month_day": index({"transform": {"date": "month_day"}} | LOW, date("2024-02-29")),
        "words": index(WORDS | {"normalizer": ["casefold"]}, text("Main Street, main-road")),
        "words_of_scripts": index(WORDS, text("\u6771\u4eac\u3000\u5927\u962a\u3001_a\u00abb")),
        "phonetic": index({"transform": "phonetic"} | LOW, text("Ashcraft, Tymczak Pfister Honeyman")),
        "phonetic_same_code": index({"transform": "phonetic"} | LOW, text("Robert Rupert")),
        "phonetic_letters_beside_others": index({"transform": "phonetic"} | LOW, text("M\u00fcller \u00c5sa 1st who")),
        "null": index(EXACT, None, "text"),
        "null_of_words": index(WORDS, None, "text"),
        "empty_text": index(EXACT, text("")),
        "empty_bytes": index(EXACT, {"type": "bytes", "hex": ""}),
        "nothing_left": index(EXACT | DIGITS, text("none")),
        "shorter_than_last": index(LAST4 | DIGITS, text("12-3")),
        "no_word": index(WORDS, text(" .,;")),
        "no_letter": index({"transform": "phonetic"} | LOW, text("123 \u6771\u4eac")),
        # refused
        "unassigned": index(EXACT | DIGITS, text("1\u0378")),
        "private_use": index(WORDS | {"normalizer": ["trim"]}, text("\ue000")),
        "date_part_of_text": index({"transform": {"date": "year"}} | LOW, text("2024-02-29"), "date"),
        "words_of_a_number": index(WORDS, {"type": "i64", "number": "7"}, "text"),
        "last_of_bytes": index(LAST4, {"type": "bytes", "hex": "01020304"}, "text"),
        "phonetic_of_a_date": index({"transform": "phonetic"} | LOW, date("2024-02-29"), "text"),
        "json_in_a_text_field": index(EXACT, {"type": "json", "text": "{}"}, "text"),
        "leak_not_accepted": index({"transform": {"last": 4}}, ssn),
        "too_many_words": index(WORDS, text(" ".join(f"{n:x}" for n in range(1025)))),
    }.items():
        yield f"value_{name}", op, source


def query_cases():
    op = "search_query"
    for name, source in {
        "exact": index(EXACT | DIGITS, text("999 41 1234")),
        "last": index(LAST4 | DIGITS | {"bits": 20}, text("1234")),
        "words": index(WORDS | {"normalizer": ["casefold"]}, text("STREET main")),
        "phonetic": index({"transform": "phonetic"} | LOW, text("Rupert")),
        "year": index({"transform": {"date": "year"}, "bits": 13} | LOW, date("0099-01-01")),
        "unassigned": index(EXACT | DIGITS, text("\uffff")),
        "wrong_type": index(WORDS, {"type": "bool", "bool": True}, "text"),
        "contradiction": index(EXACT | {"bits": 32}, text("x")),
        "leak_not_accepted": index({"transform": {"first": 3}}, text("abc")),
    }.items():
        yield f"query_{name}", op, source
    for name, (spec, content) in {
        "empty": (EXACT, ""), "spaces": (EXACT | {"normalizer": ["trim"]}, " \u3000"), "no_digits": (EXACT | DIGITS, "none"), "punctuation": (EXACT | {"normalizer": ["compact"]}, "-.-"),
        "short": (LAST4, "123"), "short_after_digits": (LAST4 | DIGITS, "a1b2c3"), "first_short": ({"transform": {"first": 5}}, "abcd"),
        "no_word": (WORDS, "--"), "no_words_at_all": (WORDS, ""), "no_letter": ({"transform": "phonetic"} | LOW, "12 \u00e9"),
    }.items():
        yield f"query_nothing_{name}", op, index(spec, text(content))
    yield "query_nothing_of_bytes", op, index(EXACT, {"type": "bytes", "hex": ""})
