"""The style: what goes in, and what comes out."""

from __future__ import annotations

import pytest

from uqdsl.syntax import format_spec, parse

STYLE = {
    "spaces": (
        "prior   x[a,b' ]~Normal( -1+2*y ,sd=x^-2 )truncated( 0,inf )\nlet z=a@b%c/(d-  -e)",
        "prior x[a, b'] ~ Normal(-1 + 2 * y, sd = x^-2) truncated(0, inf)\nlet z = a @ b % c / (d - -e)\n",
    ),
    "words": (
        "let z = if not(a)and b or c<=d then x [t-1] else f . g ' (1)",
        "let z = if not (a) and b or c <= d then x[t - 1] else f.g'(1)\n",
    ),
    "numbers and texts as written": (
        'let z = [1e5,1.50,.5,2.,"a\\"b","# no comment"]',
        'let z = [1e5, 1.50, .5, 2., "a\\"b", "# no comment"]\n',
    ),
    "parentheses stay": ("let z = ((a)+(b*c))", "let z = ((a) + (b * c))\n"),
    "a statement over lines": (
        "prior x\n    ~ Normal(\n 0, 1)\n  noncentered\ninfer\nx\nby\nnuts(\n)",
        "prior x ~ Normal(0, 1) noncentered\ninfer x by nuts()\n",
    ),
    "statements on one line": ("time t dim g = 3 let a = 1", "time t\ndim g = 3\nlet a = 1\n"),
    "blank lines": ("\n\nlet a = 1\n\n\n\nlet b = 2\nlet c = 3\n\n", "let a = 1\n\nlet b = 2\nlet c = 3\n"),
    "columns of priors": (
        "prior a ~ N(0, 1)\nprior long[k] ~ N(0, 1)\n\nprior b ~ N(0, 1)\n# stop\nprior longer ~ N(0, 1)\n",
        "prior a       ~ N(0, 1)\nprior long[k] ~ N(0, 1)\n\nprior b ~ N(0, 1)\n# stop\nprior longer ~ N(0, 1)\n",
    ),
    "columns end at another statement": (
        "prior a ~ N(0, 1)\nlet c = 1\nprior long ~ N(0, 1)\nlikelihood y ~ N(0, 1)\n",
        "prior a ~ N(0, 1)\nlet c = 1\nprior long ~ N(0, 1)\nlikelihood y ~ N(0, 1)\n",
    ),
    "columns of comments": (
        "let a = 1 # one\nlet bcd = 2    # two\nlet e = 3\nlet f = 4 # four\n",
        "let a = 1    # one\nlet bcd = 2  # two\nlet e = 3\nlet f = 4  # four\n",
    ),
    "a data block": (
        'data "a.csv" {\n x:real, yy[k] :count missing=column("b")\n\n\n team[k] : category( club )   # c\n training="a"\n new="b"\n}',
        (
            'data "a.csv" {\n  x     : real\n  yy[k] : count missing = column("b")\n\n  team[k] : category(club)  # c\n'
            '  training = "a"\n  new      = "b"\n}\n'
        ),
    ),
    "a block on one line": ("data{y:real=4.0,}", "data { y : real = 4.0 }\n"),
    "layers on one line": ("network f(z)->real{dense(3,tanh),dense(1)as h}", None),
    "a block that is too long for one line": (
        "data { " + ", ".join(f"variable_{i}[home] : real" for i in range(5)) + " }",
        "data {\n" + "".join(f"  variable_{i}[home] : real\n" for i in range(5)) + "}\n",
    ),
    "an empty block": ("uncertainty {\n\n}", "uncertainty { }\n"),
    "a long call": (
        "assimilate x by letkf(members = 20, inflation = multiplicative(1.02), localization = gaspari_cohn(4, along = g))",
        (
            "assimilate x by letkf(\n    members = 20,\n    inflation = multiplicative(1.02),\n"
            "    localization = gaspari_cohn(4, along = g),\n)\n"
        ),
    ),
    "a long sum": (
        "let z = " + " + ".join(f"coefficient_{i} * covariate_{i}" for i in range(4)),
        "let z = coefficient_0 * covariate_0\n"
        + "".join(f"    + coefficient_{i} * covariate_{i}\n" for i in range(1, 4)),
    ),
    "a long sum in a call": (
        "likelihood y ~ Normal(" + " + ".join(f"coefficient_{i} * covariate_{i}" for i in range(4)) + ", sigma)",
        "likelihood y ~ Normal(\n    coefficient_0 * covariate_0\n"
        + "".join(f"    + coefficient_{i} * covariate_{i}\n" for i in range(1, 3))
        + "    + coefficient_3 * covariate_3,\n    sigma,\n)\n",
    ),
    "a long list of numbers": (
        f"let z = {list(range(40))}",
        "let z = [\n    " + ", ".join(map(str, range(26))) + ",\n    " + ", ".join(map(str, range(26, 40))) + ",\n]\n",
    ),
    "a long condition": (
        f"let z = if {'a' * 40} > 0 then {'b' * 30} else {'c' * 30}",
        f"let z = if {'a' * 40} > 0\n    then {'b' * 30}\n    else {'c' * 30}\n",
    ),
    "modifiers of a long law": (
        f"prior {'x' * 30} ~ Normal({'a' * 30}, {'b' * 20}) truncated(0, inf) noncentered",
        f"prior {'x' * 30} ~ Normal({'a' * 30}, {'b' * 20})\n    truncated(0, inf) noncentered\n",
    ),
    "clauses of a state": (
        "state x,y over t{initial x~A(),y~B()\nevolve der(x)=1\nder(y)=2 by rk4()\nerror exact}",
        (
            "state x, y over t {\n  initial x ~ A(), y ~ B()\n  evolve  der(x) = 1\n          der(y) = 2 by rk4()\n"
            "  error   exact\n}\n"
        ),
    ),
    "a long solver in a state": (
        (
            "state x over t {\ninitial x ~ A()\nevolve der(x) = -alpha * x by tsit5(relative_tolerance = 1e-6, "
            "absolute_tolerance = 1e-6, steps = 4000)\nerror exact}"
        ),
        (
            "state x over t {\n  initial x ~ A()\n  evolve  der(x) = -alpha * x by tsit5(\n"
            "              relative_tolerance = 1e-6,\n              absolute_tolerance = 1e-6,\n"
            "              steps = 4000,\n          )\n  error   exact\n}\n"
        ),
    ),
    "a state on one line": (
        "state x over t { initial x ~ A(), evolve x ~ B(), error exact }",
        "state x over t { initial x ~ A(), evolve x ~ B(), error exact }\n",
    ),
    "sources": (
        "uncertainty {\nnew_input exact\ntraining_data cut { a ~ b }\nfunction {\na ~ b\n\nprior c ~ d }\nweights inferred\n}",
        (
            "uncertainty {\n  new_input         exact\n  training_data cut { a ~ b }\n"
            "  function {\n    a ~ b\n\n    prior c ~ d\n  }\n  weights inferred\n}\n"
        ),
    ),
    "an entry that could be read as going on with the one above": (
        "uncertainty {\n  function { a ~ b,\n -c ~ d\n, [e] ~ f }\n}",
        "uncertainty {\n  function {\n    a ~ b,\n    -c ~ d\n    [e] ~ f\n  }\n}\n",
    ),
    "clauses of a question in their order": (
        "infer by a() of b as c with(d=1)\npredict x with() as y",
        "infer by a() of b as c with(d = 1)\npredict x with() as y\n",
    ),
    "a name after a number": ("let z = 4 .a + 4. .b + 1e5.c", "let z = 4 .a + 4. .b + 1e5 .c\n"),
}

COMMENTS = {
    "own lines": (
        "# a\n\n# b\nlet x = 1\n   # c\n\n# d",
        "# a\n\n# b\nlet x = 1\n# c\n\n# d\n",
    ),
    "at ends": ("let x = 1 # a\nprior y ~ N(0,\n1) # b", "let x = 1          # a\nprior y ~ N(0, 1)  # b\n"),
    "in a block": (
        "data { # a\n # b\n x : real # c\n # d\n, # e\n y : real\n # f\n\n # g\n} # h",
        "data {  # a\n  # b\n  x : real  # c\n  # d\n  # e\n  y : real\n  # f\n\n  # g\n}  # h\n",
    ),
    "in a list": (
        "let x = [ # a\n 1, # b\n # c\n 2, 3 # d\n # e\n]",
        "let x = [  # a\n    1,  # b\n    # c\n    2,\n    3,  # d\n    # e\n]\n",
    ),
    "in a call": (
        "prior x ~ N(0, # mean\n 1 # sd\n) ordered # end",
        "prior x ~ N(\n    0,  # mean\n    1,  # sd\n) ordered  # end\n",
    ),
    "amid a statement": (
        "let y = 0\n\nprior x # a\n ~ # b\n # c\n N(0, 1) # d\n",
        "let y = 0\n\n# a\n# b\n# c\nprior x ~ N(0, 1)  # d\n",
    ),
    "amid an entry": (
        "data {\n a : real\n\n b # one\n : real = 1 + # two\n 2\n}",
        "data {\n  a : real\n\n  # one\n  # two\n  b : real = 1 + 2\n}\n",
    ),
    "amid an argument": ("let x = f(a, b + # one\n c)", "let x = f(\n    a,\n    # one\n    b + c,\n)\n"),
    "before a block": ('data "a" # one\n { x : real }', '# one\ndata "a" { x : real }\n'),
    "in an empty block": ("data { # one\n # two\n}", "data {  # one\n  # two\n}\n"),
    "in empty brackets": ("let x = f( # one\n)", "let x = f(  # one\n)\n"),
    "in nested blocks": (
        "uncertainty {\n # a\n function { # b\n a ~ b # c\n # d\n } # e\n # f\n} # g",
        "uncertainty {\n  # a\n  function {  # b\n    a ~ b  # c\n    # d\n  }  # e\n  # f\n}  # g\n",
    ),
    "among clauses": (
        "state x, y over t {\n initial x ~ A(), # a\n y ~ B() # b\n # c\n error exact\n}",
        "state x, y over t {\n  initial x ~ A()  # a\n          y ~ B()  # b\n  # c\n  error   exact\n}\n",
    ),
    "in names": ("prior x[a, # a\n b] ~ N(0, 1)", "# a\nprior x[a, b] ~ N(0, 1)\n"),
}


@pytest.mark.parametrize("case", [*STYLE, *COMMENTS])
def test_style(case: str, bare):
    text, expected = (STYLE | COMMENTS)[case]
    if expected is None:
        expected = "network f(z) -> real { dense(3, tanh)  dense(1) as h }\n"
    assert format_spec(text) == expected
    assert format_spec(expected) == expected
    assert bare(parse(expected).tree.statements) == bare(parse(text).tree.statements)
    before, after = (sorted(each.text for each in parse(each).tree.comments) for each in (text, expected))
    assert after == before


def test_a_row_that_columns_would_make_too_long_ends_the_columns():
    long = f"prior b ~ Normal({'x' * 78})"
    text = f"prior a ~ N(0, 1)\n{long}\nprior much_longer_than_that ~ N(0, 1)\n"
    assert len(long) == 96
    assert format_spec(text) == text


def test_lines_end_within_a_hundred_columns_where_they_can(bare):
    names = [f"a_rather_long_name_{i}" for i in range(30)]
    text = "\n".join(
        (
            f"infer {', '.join(names)} by nuts()",
            f"let a = f({' * '.join(names)}, {' and '.join(names)}, x = [{', '.join(names)}])",
            f"let b = ({' - '.join(names)}) / {names[0]}",
            f"prior c ~ Normal({'(' + ' + '.join(names) + ')'}, 1) truncated({', '.join(names)}) noncentered",
            f"data {{\n  d : real = [{', '.join(f'f({name})' for name in names)}] missing\n}}",
        )
    )
    formatted = format_spec(text)
    assert max(map(len, formatted.split("\n"))) <= 100
    assert format_spec(formatted) == formatted
    assert bare(parse(formatted).tree.statements) == bare(parse(text).tree.statements)
