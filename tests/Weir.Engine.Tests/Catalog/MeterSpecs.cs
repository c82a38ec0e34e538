namespace Weir.Engine.Tests;

public sealed class MeterSpecs
{
    public static TheoryData<string, string> Wrong => SpecTable.Rows("""
        meters: { x: { scale: 10 } }
            /meters/x/scale 3:23 Scale must be a whole number from 0 to 9; this is 10.
        meters: { x: { scale: -1 } }
            /meters/x/scale 3:23 Scale must be a whole number from 0 to 9; this is -1.
        meters: { x: { scale: 1.5 } }
            /meters/x/scale 3:23 Scale must be a whole number from 0 to 9; this is 1.5.
        meters: { x: { scale: "2" } }
            /meters/x/scale 3:23 Scale must be a whole number from 0 to 9; this is the text '2'.
        meters: { x: { kind: gauge } }
            /meters/x/kind 3:22 Kind must be one of 'sum' and 'level'; this is the text 'gauge'.
        meters: { x: { kind: Level } }
            /meters/x/kind 3:22 Kind must be one of 'sum' and 'level'; this is the text 'Level' (did you mean 'level'?).
        meters: { x: { unti: call } }
            /meters/x/unti 3:16 'unti' is not a member of a meter (did you mean 'unit'?); allowed: 'unit', 'scale', 'kind', 'description', 'retired' and 'metadata'.
        meters: { x: { unit: 5 } }
            /meters/x/unit 3:22 Unit must be a text; this is the number 5, which becomes a text in quotes.
        meters: { x: { unit: "" } }
            /meters/x/unit 3:22 Unit must not be blank and is at most 255 characters of Unicode without control characters or lone surrogates.
        meters: { x: 5 }
            /meters/x 3:14 A meter must be a mapping (members: 'unit', 'scale', 'kind', 'description', 'retired' and 'metadata'); this is the number 5.
        meters: [x]
            /meters 3:9 Meters must be a mapping from names to values; this is a list.
        meters: { cost: { unit: euro } }
            /meters/cost 3:11 The meter 'cost' is built in (USD, scale 9) and cannot be defined; give the meter another name.
        meters: { 9x: {}, "a b": {} }
            /meters/9x 3:11 '9x' cannot name a meter: a name is a letter or '_' followed by letters, digits, '_', '-' or '.', at most 100 characters.
            /meters/a b 3:19 'a b' cannot name a meter: a name is a letter or '_' followed by letters, digits, '_', '-' or '.', at most 100 characters.
        meters: { x: { retired: no } }
            /meters/x/retired 3:25 'retired' must be true or false; this is the text 'no'.
        meters: { x: { description: [a] } }
            /meters/x/description 3:29 Description must be a text; this is a list.
        meters: { x: { metadata: { a: { b: c } } } }
            /meters/x/metadata/a 3:31 A value of metadata must be a text, a number or a boolean; this is a mapping.
        meters: { x: { scale: 12, kind: gauge, colour: red } }
            /meters/x/scale 3:23 Scale must be a whole number from 0 to 9; this is 12.
            /meters/x/kind 3:33 Kind must be one of 'sum' and 'level'; this is the text 'gauge'.
            /meters/x/colour 3:40 'colour' is not a member of a meter; allowed: 'unit', 'scale', 'kind', 'description', 'retired' and 'metadata'.
        """);

    [Theory(DisplayName = "NUM-1: a meter has a scale of 0 to 9 and a kind")]
    [MemberData(nameof(Wrong))]
    public void Meters_that_are_refused(string fragment, string errors) => SpecTable.Check(fragment, errors);
}
