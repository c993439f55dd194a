"""`audit_page`: an audit as one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

from recosim.audit.measure import Audit
from recosim.audit.shares import Share, bare

__all__ = ["audit_page"]

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2733; --soft: #6b7785; --bar: #2f6f8f; --low: #8884; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9ee; --soft: #9aa7b4; --bar: #6fb3d3; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); max-width: 52rem; margin: 2rem auto;
  padding: 0 1rem; }
h2 { margin: 2rem 0 .2rem; font-size: 1.15rem; } p { margin: .2rem 0 .8rem; color: var(--soft); }
table { border-collapse: collapse; width: 100%; } td { padding: .15rem .5rem .15rem 0; }
td.name { width: 42%; } td.value { width: 9rem; text-align: right; }
.bar { background: var(--low); height: .7rem; border-radius: .35rem; overflow: hidden;
  position: relative; }
.bar i { display: block; height: 100%; background: var(--bar); }
.bar b { position: absolute; top: 0; width: 3px; height: 100%; background: var(--ink); }
.bar u { position: absolute; top: .3rem; height: 2px; background: var(--ink); }
blockquote { margin: .2rem 0; padding-left: .7rem; border-left: 3px solid var(--low); }
"""


def audit_page(audit: Audit) -> str:
    """The page of an audit; every text in it is escaped."""
    v = audit.values
    users = v["users"]
    model = users.get("llm", {}).get("model", "")
    who = f"language model {model}" if model else "rules, worded by templates"
    parts = [
        f"<h1>Audit of the users {escape(users['name'])}</h1>",
        f"<p>{escape(who)} · world {escape(v['world']['name'])} "
        f"({v['world']['fingerprint'][:12]}) · {v['conversations']} conversations with "
        f"{escape(v['agent'])}, {v['utterances']:,} utterances; {v['probes']} users a probe, "
        f"seed {v['seed']}. Lines on bars and numbers in brackets: 95 % intervals over users.</p>",
        *_leakage(audit),
        *_section(
            "Answers to questions",
            "Shares of the questions asked; the mark is the rate of people in Qulac, whose "
            "questions are other ones (how answers begin; Aliannejadi et al. 2019).",
            [(k, rate, v["answers"]["qulac"][k]) for k, rate in v["answers"]["rates"].items()]
            + [("a no that says more", v["answers"]["no_that_says_more"], None)],
        ),
        *_positivity(v["positivity"]),
        *_section(
            "Consistency",
            "Share of users who answer the same question alike: asked again with other luck, and "
            "in other words with the same.",
            [
                (f"{kind}, {how.replace('_', ' ')}", share, None)
                for kind, found in v["consistency"].items()
                for how, share in found.items()
            ],
        ),
        *_section(
            "Canaries: orders to accept",
            "Share of answers that change because the recommender's prose, or the name of an item, "
            "orders the user to accept. It should be 0.",
            [
                (f"{kind}: {text}", share, None)
                for kind, found in v["canaries"].items()
                for text, share in found.items()
            ]
            + [("list: names of items give the order", v["ordering_names"]["list"], None)],
        ),
        *_quotes(audit.examples["canaries"]),
        *_section(
            "Words and acts",
            "How far words are read back as the act that they stand for (one act a line).",
            [(name, share, None) for name, share in v["reading"].items()],
        ),
        *_section(
            "Variety of wording",
            "Shares of distinct utterances and pairs of words; "
            f"{v['wording']['mean_words']:.1f} words on average.",
            [
                (name.replace("_", " "), v["wording"][name], None)
                for name in ("distinct_utterances", "distinct_among_no", "distinct_2")
            ],
        ),
        *_people(v),
        *_decisions(v["decisions"]),
        *_cost(v["cost"]),
        "<h2>Some of what was said</h2>",
        *_quotes(audit.examples["said"]),
    ]
    title = f"Audit of {escape(users['name'])}"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>'
        + "\n".join(parts)
        + "</body></html>\n"
    )


def _section(title: str, about: str, bars: Iterable[tuple[str, Share, float | None]]) -> list[str]:
    rows = [_bar(*bar) for bar in bars]
    return [
        f"<h2>{escape(title)}</h2>",
        f"<p>{escape(about)}</p>",
        f"<table>{''.join(rows)}</table>",
    ]


def _bar(name: str, share: Share, mark: float | None) -> str:
    value, low, high = share["value"], share["low"], share["high"]
    at, text = "", f"{100 * value:.1f} %"
    if low is not None:
        at = f'<u style="left:{100 * low:.1f}%;width:{100 * (high - low):.1f}%"></u>'
        text += f" [{100 * low:.0f}, {100 * high:.0f}]"
    if mark is not None:
        at += f'<b style="left:{100 * mark:.1f}%" title="people: {100 * mark:.0f} %"></b>'
    return (
        f'<tr><td class="name">{escape(name)}</td><td><div class="bar">'
        f'<i style="width:{100 * value:.1f}%"></i>{at}</div></td>'
        f'<td class="value">{text}</td></tr>'
    )


def _leakage(audit: Audit) -> list[str]:
    leaks = audit.values["leakage"]
    bars = [(f"said, {kind}", share, None) for kind, share in leaks["said"].items()]
    bars += [(f"kept back, {kind}", share, None) for kind, share in leaks["kept_back"].items()]
    about = (
        "Share of utterances that name the item in mind before it is taken: its name, an alias, or "
        "nearly its name. Kept back: what the language model wrote and nobody heard."
    )
    return [*_section("Leaks", about, bars), *_quotes(audit.examples["leaks"])]


def _positivity(found: dict[str, Any] | None) -> list[str]:
    if found is None:
        return []
    about = "One question to each user, half of them about what they want."
    names = ("yes_to_the_unwanted", "no_to_the_wanted", "yes", "wanted")
    return _section("Positivity", about, [(n.replace("_", " "), found[n], None) for n in names])


def _people(v: dict[str, Any]) -> list[str]:
    people, persona = v["people"], v["persona"]
    words = persona["mean_words"]
    return [
        *_section(
            "Persona",
            "The same users, once terse and once chatty: "
            f"{words['terse']:.1f} and {words['chatty']:.1f} words on average.",
            [
                ("words differ", persona["words_differ"], None),
                ("acts differ", persona["acts_differ"], None),
            ],
        ),
        *_section(
            "People",
            f"{people['users']} users. Standard deviation over users: of the rate of yes "
            f"{people['yes_rate_sd']:.3f}, of the length of conversations {people['moves_sd']:.2f} "
            "moves.",
            [("left before the end", people["left"], None)],
        ),
    ]


def _decisions(found: dict[str, int] | None) -> list[str]:
    if not found or not found["made"]:
        return ["<h2>Who decides</h2>", "<p>The rules decide every act.</p>"]
    share = bare(found["as_the_rules"], found["made"])
    return _section(
        "Who decides",
        f"The model decided {found['made']:,} answers. As the rules would have it:",
        [("agreement with the rules", share, None)],
    )


def _cost(found: dict[str, Any] | None) -> list[str]:
    if found is None:
        return []
    return [
        "<h2>Cost</h2>",
        f"<p>{found['tokens']:,} tokens, {found['tokens_a_conversation']:,.0f} a conversation; "
        f"{found['calls']:,} calls, {found['from_cassette']:,} answers from a cassette; money "
        f"{found['money']:.4f}; faults {escape(str(found['faults'] or 'none'))}. The probes come "
        "on top.</p>",
    ]


def _quotes(texts: list[str]) -> list[str]:
    return [f"<blockquote>{escape(text)}</blockquote>" for text in texts]
