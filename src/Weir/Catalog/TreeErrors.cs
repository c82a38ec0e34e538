using System.Collections.Immutable;
using System.Text;

using Weir.Engine;

namespace Weir;

/// <summary>The errors of one parse, and where in the tree the parser stands.</summary>
internal sealed class TreeErrors
{
    private const int LongestCut = 200;

    private readonly List<string> _path = [];
    private readonly List<CatalogError> _errors = [];
    private bool _unfaithful;

    /// <summary>Mappings and lists that are open.</summary>
    public int Depth { get; set; }

    public void Enter(string segment) => _path.Add(segment);

    public void Leave() => _path.RemoveAt(_path.Count - 1);

    /// <summary>An error after which the tree does not say what the text says.</summary>
    public void Refuse(DocumentPosition position, string message)
    {
        _unfaithful = true;
        Add(Pointer(), position, message);
    }

    /// <summary>An error beside which the tree can still be validated.</summary>
    public void Duplicate(string key, DocumentPosition position, DocumentPosition first)
    {
        Enter(key);
        Add(Pointer(), position, $"'{Cut(key)}' stands twice in this mapping, first on line {first.Line}; each member is given once.");
        Leave();
    }

    /// <summary>Texts of the document never carry what no part of the system can keep.</summary>
    public void CheckText(string text, DocumentPosition position)
    {
        if (text.Contains('\0'))
        {
            Refuse(position, "This text has a NUL character, which is not allowed.");
        }
        else if (TextPosition.FirstLoneSurrogate(text) >= 0)
        {
            Refuse(position, "This text has half of a surrogate pair; it must be valid Unicode.");
        }
    }

    public void TooDeep(DocumentPosition position) =>
        Refuse(position, $"Mappings and lists may stand at most {CatalogBounds.LargestDepth} deep inside one another.");

    public DocumentResult Result(DocumentNode? root) => new(_unfaithful ? null : root, Sorted(_errors));

    /// <summary>In the order of the text, at most <see cref="CatalogBounds.MostErrors"/>.</summary>
    public static ImmutableArray<CatalogError> Sorted(IReadOnlyCollection<CatalogError> errors) =>
    [
        .. errors.OrderBy(error => error.Position.Line).ThenBy(error => error.Position.Column).Take(CatalogBounds.MostErrors),
    ];

    private void Add(string pointer, DocumentPosition position, string message)
    {
        if (_errors.Count < CatalogBounds.MostErrors)
        {
            _errors.Add(new CatalogError(pointer, position, message));
        }
    }

    private string Pointer()
    {
        StringBuilder pointer = new();
        foreach (string segment in _path)
        {
            // Nothing bounds a name before it is validated; a pointer needs no more of it than tells where it is.
            pointer.Append('/').Append(Cut(segment).Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal));
        }

        return pointer.ToString();
    }

    /// <summary>A text of the document, or of its parser, short enough to stand in a pointer or a message.</summary>
    public static string Cut(string text)
    {
        if (text.Length <= LongestCut && TextPosition.FirstLoneSurrogate(text) < 0)
        {
            return text;
        }

        StringBuilder cut = new();
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (cut.Length + rune.Utf16SequenceLength > LongestCut)
            {
                return cut.Append('…').ToString();
            }

            cut.Append(rune.ToString());
        }

        return cut.ToString();
    }
}
