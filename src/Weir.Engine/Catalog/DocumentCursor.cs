using System.Text;

namespace Weir.Engine;

/// <summary>
/// A node of the document with its pointer, and the typed reads that the sections share. A read that fails has already
/// named its error; the caller goes on with a stand-in, because a document with an error never becomes a catalog.
/// </summary>
internal readonly struct DocumentCursor(DocumentNode node, string pointer, CatalogErrors errors)
{
    private const int LongestQuote = 60;
    private const int LongestList = 20;

    public DocumentNode Node { get; } = node;

    public string Pointer { get; } = pointer;

    public CatalogErrors Errors { get; } = errors;

    public bool IsNull => Node is DocumentScalar { Kind: ScalarKind.Null };

    public void Fail(string message) => Errors.Add(Pointer, Node.Position, message);

    /// <summary>An error at the member's name, where its value is not what is wrong.</summary>
    public void FailAt(DocumentMember member, string message) =>
        Errors.Add(Below(Pointer, member.Key), member.KeyPosition, message);

    public DocumentCursor Into(DocumentMember member) => new(member.Value, Below(Pointer, member.Key), Errors);

    /// <summary>A mapping with a fixed set of members; unknown ones are named. Null when it is no mapping.</summary>
    /// <param name="what">With its article: "a meter".</param>
    public MemberSet? Members(string what, params string[] allowed)
    {
        if (Node is not DocumentMapping mapping)
        {
            Fail($"{Capital(what)} must be a mapping (members: {List(allowed)}); this is {Describe()}.");
            return null;
        }

        foreach (DocumentMember member in mapping.Members)
        {
            if (Array.IndexOf(allowed, member.Key) < 0 && !Errors.IsFull)
            {
                FailAt(
                    member,
                    $"'{Cut(member.Key)}' is not a member of {what}{NearestName.Suggestion(member.Key, allowed)}; allowed: {List(allowed)}.");
            }
        }

        return new MemberSet(this, mapping, what);
    }

    /// <summary>
    /// A mapping from names that the catalog chooses. Names of a wrong form are named and left out; null counts as empty.
    /// </summary>
    /// <param name="what">The plural: "meters".</param>
    /// <param name="single">With its article: "a meter".</param>
    public IEnumerable<DocumentMember> Entries(string what, string single, int most)
    {
        if (Node is not DocumentMapping mapping)
        {
            if (!IsNull)
            {
                Fail($"{Capital(what)} must be a mapping from names to values; this is {Describe()}.");
            }

            return [];
        }

        if (mapping.Members.Length > most)
        {
            Fail($"There may be at most {most} {what} here; these are {mapping.Members.Length}.");
            return [];
        }

        List<DocumentMember> entries = new(mapping.Members.Length);
        foreach (DocumentMember member in mapping.Members)
        {
            if (CatalogName.IsValid(member.Key))
            {
                entries.Add(member);
            }
            else
            {
                FailAt(member, $"'{Cut(member.Key)}' cannot name {single}: a name is {CatalogName.Form}.");
            }
        }

        return entries;
    }

    /// <summary>The items of a list; null counts as empty.</summary>
    public IReadOnlyList<DocumentCursor> Items(string what, int most)
    {
        if (Node is not DocumentSequence sequence)
        {
            if (!IsNull)
            {
                Fail($"{Capital(what)} must be a list; this is {Describe()}.");
            }

            return [];
        }

        if (sequence.Items.Length > most)
        {
            Fail($"There may be at most {most} {what} here; these are {sequence.Items.Length}.");
            return [];
        }

        List<DocumentCursor> items = new(sequence.Items.Length);
        for (int i = 0; i < sequence.Items.Length; i++)
        {
            items.Add(new DocumentCursor(sequence.Items[i], $"{Pointer}/{i}", Errors));
        }

        return items;
    }

    /// <summary>A text for people; null after an error.</summary>
    public string? Text(string what)
    {
        if (RawText(what) is not { } text)
        {
            return null;
        }

        if (string.IsNullOrWhiteSpace(text) || !DisplayName.IsValid(text))
        {
            Fail($"{Capital(what)} must not be blank and is {DisplayName.Form}.");
            return null;
        }

        return text;
    }

    /// <summary>A name of the catalog's form; null after an error.</summary>
    public string? Name(string what)
    {
        if (RawText(what) is not { } text)
        {
            return null;
        }

        if (!CatalogName.IsValid(text))
        {
            Fail($"'{Cut(text)}' cannot be {what}: a name is {CatalogName.Form}.");
            return null;
        }

        return text;
    }

    public string? RawText(string what)
    {
        if (Node is DocumentScalar { Kind: ScalarKind.Text } scalar)
        {
            return scalar.Text;
        }

        string quotes = Node is DocumentScalar { Kind: ScalarKind.Number or ScalarKind.Boolean } ? ", which becomes a text in quotes" : "";
        Fail($"{Capital(what)} must be a text; this is {Describe()}{quotes}.");
        return null;
    }

    public bool? Boolean(string what)
    {
        if (Node is DocumentScalar { Kind: ScalarKind.Boolean } scalar)
        {
            return scalar.IsTrue;
        }

        Fail($"{Capital(what)} must be true or false; this is {Describe()}.");
        return null;
    }

    /// <summary>An exact decimal; null after an error.</summary>
    /// <param name="allowed">What the number must be, after "must be": "a number of 0 or more".</param>
    public decimal? Number(string what, string allowed)
    {
        if (Node is not DocumentScalar { Kind: ScalarKind.Number } scalar)
        {
            Fail($"{Capital(what)} must be {allowed}; this is {Describe()}.");
            return null;
        }

        if (!Decimals.TryParseExact(scalar.Text, out decimal value))
        {
            Fail($"{Capital(what)} must be {allowed}; {Cut(scalar.Text)} has more digits than the 28 that a decimal holds.");
            return null;
        }

        return value;
    }

    public decimal? NumberBetween(string what, decimal least, decimal? most)
    {
        string allowed = most is { } bound ? $"a number from {least} to {bound}" : $"a number of {least} or more";
        if (Number(what, allowed) is not { } value)
        {
            return null;
        }

        if (value < least || value > most)
        {
            Fail($"{Capital(what)} must be {allowed}; this is {value}.");
            return null;
        }

        return value;
    }

    public int? Whole(string what, int least, int most)
    {
        string allowed = $"a whole number from {least} to {most}";
        if (Number(what, allowed) is not { } value)
        {
            return null;
        }

        if (value < least || value > most || value != decimal.Truncate(value))
        {
            Fail($"{Capital(what)} must be {allowed}; this is {value}.");
            return null;
        }

        return (int)value;
    }

    /// <summary>An amount of money or a unit price: 0 or more with at most 12 decimal places.</summary>
    public decimal? Price(string what)
    {
        string allowed = $"a number from 0 to {CatalogBounds.LargestPrice} with at most {UnitPrice.LargestScale} decimal places";
        if (Number(what, allowed) is not { } value)
        {
            return null;
        }

        if (value is < 0 or > CatalogBounds.LargestPrice || Decimals.Places(value) > UnitPrice.LargestScale)
        {
            Fail($"{Capital(what)} must be {allowed}; this is {value}.");
            return null;
        }

        return value;
    }

    /// <summary>One of a few words. Falls back to the first after an error.</summary>
    public T Choice<T>(string what, params ReadOnlySpan<(string Word, T Value)> choices) =>
        TryChoice(what, out T value, choices) ? value : choices[0].Value;

    /// <summary>One of a few words; false after an error.</summary>
    public bool TryChoice<T>(string what, out T value, params ReadOnlySpan<(string Word, T Value)> choices)
    {
        string? text = Node is DocumentScalar { Kind: ScalarKind.Text } scalar ? scalar.Text : null;
        List<string> words = [];
        foreach ((string word, T one) in choices)
        {
            if (text == word)
            {
                value = one;
                return true;
            }

            words.Add(word);
        }

        string suggestion = text is null ? "" : NearestName.Suggestion(text, words);
        Fail($"{Capital(what)} must be one of {List(words)}; this is {Describe()}{suggestion}.");
        value = choices[0].Value;
        return false;
    }

    /// <summary>The node in a few words, for "this is …".</summary>
    public string Describe() => Node switch
    {
        DocumentMapping => "a mapping",
        DocumentSequence => "a list",
        DocumentScalar { Kind: ScalarKind.Null } => "null",
        DocumentScalar { Kind: ScalarKind.Text } scalar => $"the text '{Cut(scalar.Text)}'",
        DocumentScalar { Kind: ScalarKind.Number } scalar => $"the number {Cut(scalar.Text)}",
        DocumentScalar scalar => Cut(scalar.Text),
        _ => "something else",
    };

    /// <summary>Names as a list for people: "a, b and c".</summary>
    public static string List(IEnumerable<string> names)
    {
        string[] quoted = [.. names.Select(name => $"'{name}'")];
        return quoted.Length switch
        {
            0 => "none",
            1 => quoted[0],
            <= LongestList => $"{string.Join(", ", quoted[..^1])} and {quoted[^1]}",
            _ => $"{string.Join(", ", quoted[..LongestList])} and {quoted.Length - LongestList} more",
        };
    }

    /// <summary>A text short enough for a message.</summary>
    public static string Cut(string text)
    {
        if (text.Length <= LongestQuote)
        {
            return text;
        }

        // Not between the halves of a surrogate pair: the message must stay valid Unicode.
        int end = char.IsHighSurrogate(text[LongestQuote - 1]) ? LongestQuote - 1 : LongestQuote;
        return $"{text.AsSpan(0, end)}…";
    }

    /// <summary>The RFC 6901 pointer of a member.</summary>
    public static string Below(string pointer, string key) =>
        key.AsSpan().ContainsAny('~', '/')
            ? new StringBuilder(pointer).Append('/').Append(key).Replace("~", "~0", pointer.Length + 1, key.Length)
                .Replace("/", "~1", pointer.Length + 1, key.Length + key.Count(c => c == '~')).ToString()
            : $"{pointer}/{key}";

    public static string Capital(string what) => char.ToUpperInvariant(what[0]) + what[1..];
}

/// <summary>The members of a mapping whose names are fixed. A member that is null counts as absent.</summary>
internal sealed class MemberSet(DocumentCursor cursor, DocumentMapping mapping, string what)
{
    public DocumentCursor Cursor { get; } = cursor;

    public bool Has(string name) => mapping.Find(name) is { Value: not DocumentScalar { Kind: ScalarKind.Null } };

    public bool TryGet(string name, out DocumentCursor member)
    {
        member = default;
        if (mapping.Find(name) is not { Value: not DocumentScalar { Kind: ScalarKind.Null } } found)
        {
            return false;
        }

        member = Cursor.Into(found);
        return true;
    }

    /// <summary>Also gives a member that is null: for limits, where null means unlimited.</summary>
    public bool TryGetOrNull(string name, out DocumentCursor member)
    {
        member = default;
        if (mapping.Find(name) is not { } found)
        {
            return false;
        }

        member = Cursor.Into(found);
        return true;
    }

    /// <summary>An error where the member is absent.</summary>
    /// <param name="allowed">What the member would be: "the key of a plan".</param>
    public bool TryRequire(string name, string allowed, out DocumentCursor member)
    {
        if (TryGet(name, out member))
        {
            return true;
        }

        Cursor.Errors.Add(
            DocumentCursor.Below(Cursor.Pointer, name), Cursor.Node.Position, $"'{name}' is required in {what}: {allowed}.");
        return false;
    }

    /// <summary>Refuses members that do not go together with what was found.</summary>
    public void Refuse(string because, params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (mapping.Find(name) is { Value: not DocumentScalar { Kind: ScalarKind.Null } } found)
            {
                Cursor.FailAt(found, $"'{name}' is not allowed here: {because}.");
            }
        }
    }

    public string? Text(string name) => TryGet(name, out DocumentCursor member) ? member.Text(name) : null;

    public bool Boolean(string name, bool absent = false) =>
        TryGet(name, out DocumentCursor member) ? member.Boolean($"'{name}'") ?? absent : absent;
}
