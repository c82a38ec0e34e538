namespace Weir.Engine.Tests;

/// <summary>From an event to its charges.</summary>
public sealed class ChargeSpecs
{
    [Fact(DisplayName = "NUM-3: base times the clamped multiplier, plus the bonuses; every part that was applied is in the trace")]
    public void BaseMultiplierBonuses() => Tariff.Shows(
        "credits: { base: 10, multiplier: { property: complexity, min: 1.0, max: 2.5 }, bonuses: { echo: 5, traceback: 3 } }, calls: 1",
        """
                                              | credits 10; calls 1   | base 10; base 1
        complexity=2.0 echo=true              | credits 25; calls 1   | base 10, times 2, echo 5; base 1
        complexity=1                          | credits 10; calls 1   | base 10, times 1; base 1
        complexity=0.5                        | credits 10; calls 1   | base 10, times 1 for 0.5; base 1
        complexity=-4                         | credits 10; calls 1   | base 10, times 1 for -4; base 1
        complexity=2.5                        | credits 25; calls 1   | base 10, times 2.5; base 1
        complexity=2.51 traceback=true        | credits 28; calls 1   | base 10, times 2.5 for 2.51, traceback 3; base 1
        complexity=2 echo=true traceback=true | credits 28; calls 1   | base 10, times 2, echo 5, traceback 3; base 1
        echo=false traceback=true other=yes   | credits 13; calls 1   | base 10, traceback 3; base 1
        complexity=1.234                      | credits 12.34; calls 1 | base 10, times 1.234; base 1
        complexity='2'                        | property_type         | /properties/complexity
        complexity=true                       | property_type         | /properties/complexity
        echo=1                                | property_type         | /properties/echo
        echo=yes                              | property_type         | /properties/echo
        """);

    [Fact(DisplayName = "NUM-3: a multiplier without bounds is never below 0")]
    public void OpenMultiplier() => Tariff.Shows(
        "credits: { base: 10, multiplier: { property: f } }",
        """
        f=-1      | credits 0      | base 10, times 0 for -1
        f=0       | credits 0      | base 10, times 0
        f=1000000 | credits 10000000 | base 10, times 1000000
        """);

    [Fact(DisplayName = "NUM-3: per charges amount × value / unit for each property that is there")]
    public void PerUnit() => Tariff.Shows(
        "credits: { base: 1, per: [{ property: pages, amount: 0.5 }, { property: seconds, unit: 60, amount: 1.5 }] }",
        """
        pages=3               | credits 2.5    | base 1, pages 3 gives 1.5
        pages=3 seconds=120   | credits 5.5    | base 1, pages 3 gives 1.5, seconds 120 gives 3
        seconds=0             | credits 1      | base 1, seconds 0 gives 0
        seconds=-1            | negative_quantity | /properties/seconds
        pages=-0.5            | negative_quantity | /properties/pages
        pages=text            | property_type  | /properties/pages
        seconds=1             | too_many_decimals | /properties
                              | credits 1      | base 1
        """);

    [Fact(DisplayName = "NUM-3: exact, the default, refuses what does not fit the scale")]
    public void Exact() => Tariff.Shows(
        "credits: { per: { property: n } }",
        """
        n=0.01   | credits 0.01      | n 0.01 gives 0.01
        n=0.010  | credits 0.01      | n 0.01 gives 0.01
        n=0.001  | too_many_decimals | /properties
        n=1e-28  | too_many_decimals | /properties
        """);

    [Fact(DisplayName = "NUM-3: nearest rounds half away from zero, once")]
    public void Nearest() => Tariff.Shows(
        "credits: { per: { property: seconds, unit: 60, amount: 1 }, rounding: nearest }",
        """
        seconds=180   | credits 3       | seconds 180 gives 3
        seconds=171   | credits 2.85    | seconds 171 gives 2.85
        seconds=100   | credits 1.67    | seconds 100 gives 1.6666666666666666666666666667, from 1.666666666666666666666666667
        seconds=0.3   | credits 0.01    | seconds 0.3 gives 0.005, from 0.005
        seconds=0.299 | credits 0       | seconds 0.299 gives 0.0049833333333333333333333333, from 0.0049833333333333333333333333
        """);

    [Fact(DisplayName = "NUM-3: thirds and sixtieths are exact until the one rounding")]
    public void NoRoundingBefore() => Tariff.Shows(
        "calls: { per: { property: seconds, unit: 60, amount: 1 }, multiplier: { property: f }, rounding: nearest }, credits: { per: { property: thirds, unit: 3, amount: 1 }, multiplier: { property: f }, rounding: up }",
        """
        seconds=50 f=3 thirds=0        | calls 3; credits 0 | seconds 50 gives 0.8333333333333333333333333333, times 3, from 2.5; thirds 0 gives 0, times 3
        seconds=0 thirds=2 f=3         | calls 0; credits 2 | seconds 0 gives 0, times 3; thirds 2 gives 0.6666666666666666666666666667, times 3
        """);

    [Fact(DisplayName = "NUM-3: what is exact over a division is not refused")]
    public void ExactDivision() => Tariff.Shows(
        "calls: { per: { property: thirds, unit: 3, amount: 1 }, multiplier: { property: f } }",
        """
        thirds=1 f=3   | calls 1           | thirds 1 gives 0.3333333333333333333333333333, times 3
        thirds=1       | too_many_decimals | /properties
        """);

    [Fact(DisplayName = "NUM-3: up rounds away from zero")]
    public void Up() => Tariff.Shows(
        "calls: { per: { property: seconds, unit: 60, amount: 1 }, rounding: up }, litres: { change: { property: poured }, rounding: up }",
        """
        seconds=60 poured=0.1      | calls 1; litres 0.1   | seconds 60 gives 1; change 0.1
        seconds=60.001 poured=0.11 | calls 2; litres 0.2   | seconds 60.001 gives 1.0000166666666666666666666667, from 1.000016666666666666666666667; change 0.11, from 0.11
        poured=-0.11               | calls 0; litres -0.2  | base 0; change -0.11, from -0.11
        """);

    [Fact(DisplayName = "NUM-2: more decimal places than the scale, more than 10^15 smallest units, and figures beyond a decimal are refused")]
    public void Bounds() => Tariff.Shows(
        "credits: { per: { property: n } }, nano: { per: { property: m }, rounding: nearest }",
        """
        n=10000000000000                     | credits 10000000000000; nano 0 | n 10000000000000 gives 10000000000000; base 0
        n=10000000000000.01                  | quantity_overflow              | /properties
        n=1 m=1000000                        | credits 1; nano 1000000        | n 1 gives 1; m 1000000 gives 1000000
        n=1 m=1000000.000000001              | quantity_overflow              | /properties
        n=79228162514264337593543950335      | quantity_overflow              | /properties
        n=1 m=79228162514264337593543950335  | quantity_overflow              | /properties
        """);

    [Fact(DisplayName = "BAL-7: a level is changed or set by a required property")]
    public void Level() => Tariff.Shows(
        "storage: { change: { property: bytes } }, litres: { set: { property: filled } }",
        """
        bytes=5 filled=2.5    | storage 5; litres 2.5   | change 5; set 2.5
        bytes=-5 filled=0     | storage -5; litres 0    | change -5; set 0
        bytes=0.5 filled=1    | too_many_decimals       | /properties/bytes
        filled=1              | property_missing        | /properties/bytes
        bytes=5               | property_missing        | /properties/filled
        bytes=5 filled=-0.1   | negative_quantity       | /properties/filled
        bytes=5 filled='2'    | property_type           | /properties/filled
        bytes=1000000000000000 filled=0 | storage 1000000000000000; litres 0 | change 1000000000000000; set 0
        bytes=1000000000000001 filled=0 | quantity_overflow | /properties/bytes
        """);

    [Fact(DisplayName = "NUM-4: the event's cost is charged exactly to the meter cost, and rounded up to a meter that is charged with it")]
    public void Cost() => Tariff.Shows(
        "credits: { cost: true }, calls: 1",
        """
                          | calls 1                                  | base 1
        cost=0            | credits 0; calls 1; cost 0               | cost 0; base 1; cost 0
        cost=0.25         | credits 0.25; calls 1; cost 0.25         | cost 0.25; base 1; cost 0.25
        cost=0.250000001  | credits 0.26; calls 1; cost 0.250000001  | cost 0.250000001, from 0.250000001; base 1; cost 0.250000001
        cost=0.0000000001 | credits 0.01; calls 1; cost 0.000000001  | cost 0.0000000001, from 0.0000000001; base 1; cost 0.0000000001, from 0.0000000001
        cost=1000000      | credits 1000000; calls 1; cost 1000000   | cost 1000000; base 1; cost 1000000
        cost=1000000.1    | quantity_overflow                        | /cost
        """);

    [Fact(DisplayName = "NUM-2: only what the catalog names is checked; a dimension is one short value")]
    public void Dimensions() => Tariff.Shows(
        "calls: 1",
        """
        department=sales                | calls 1       | base 1
        department=7 free={"a":[1,2]}   | calls 1       | base 1
        department=true free=[1]        | calls 1       | base 1
        department={"a":1}              | property_type | /properties/department
        department=[1]                  | property_type | /properties/department
        department=''                   | property_type | /properties/department
        """);

    [Fact(DisplayName = "NUM-2: in CloudEvents numeric texts count as numbers, where a charge reads the property as a number")]
    public void NumericTexts()
    {
        Catalog catalog = StoryCatalog.Read("events: { e: { dimensions: [zip], charges: { credits: { per: { property: n }, multiplier: { property: f }, bonuses: { extra: 1 } } } }, s: { charges: { storage: { set: { property: bytes } } } } }");
        Properties texts = Properties.Of([
            new("n", PropertyValue.Of("1.5")), new("f", PropertyValue.Of("2e0")), new("extra", PropertyValue.Of("1")),
            new("zip", PropertyValue.Of("0123")), new("bytes", PropertyValue.Of("-7")), new("note", PropertyValue.Of("12"))]);

        Properties read = Rater.ReadNumericTexts(catalog.Events["e"], texts);
        Assert.Equal(["bytes -7 Text", "extra 1 Text", "f 2 Number", "n 1.5 Number", "note 12 Text", "zip 0123 Text"], Shown(read));
        Assert.Equal("bytes -7 Number", Shown(Rater.ReadNumericTexts(catalog.Events["s"], texts))[0]);
        Properties wrong = Properties.Of([new("n", PropertyValue.Of("1,5")), new("f", PropertyValue.Of("two"))]);
        Assert.Same(wrong, Rater.ReadNumericTexts(catalog.Events["e"], wrong));
        Assert.Same(Properties.Empty, Rater.ReadNumericTexts(catalog.Events["e"], Properties.Empty));

        static string[] Shown(Properties properties) => [.. properties.Entries.Select(p => $"{p.Key} {p.Value} {p.Value.Kind}")];
    }
}
