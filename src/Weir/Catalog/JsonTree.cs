using System.Collections.Immutable;
using System.Text.Json;

using Weir.Engine;

namespace Weir;

/// <summary>Builds the tree from strict JSON: no comments, no trailing commas, no duplicate members.</summary>
internal ref struct JsonTree
{
    private readonly ReadOnlySpan<byte> _utf8;
    private readonly TreeErrors _errors = new();
    private Utf8JsonReader _reader;
    private DocumentPosition _position = new(1, 1);
    private int _offset;

    private JsonTree(ReadOnlySpan<byte> utf8)
    {
        _utf8 = utf8;

        // Depth is bounded here with an error of its own, so the reader's bound must not come first.
        _reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = CatalogBounds.LargestDocumentBytes });
    }

    /// <param name="utf8">Valid UTF-8.</param>
    public static DocumentResult Parse(ReadOnlySpan<byte> utf8)
    {
        JsonTree tree = new(utf8);
        DocumentNode? root = null;
        try
        {
            tree._reader.Read();
            root = tree.Node();
            tree._reader.Read();
        }
        catch (JsonException exception)
        {
            tree._errors.Refuse(Position(exception, utf8), $"The text is not valid JSON: {Reason(exception)}.");
        }

        return tree._errors.Result(root);
    }

    /// <summary>The node at the current token; its last token is current afterwards.</summary>
    private DocumentNode Node()
    {
        DocumentPosition position = Here();
        switch (_reader.TokenType)
        {
            case JsonTokenType.StartObject or JsonTokenType.StartArray:
                return Collection(position);
            case JsonTokenType.String:
                return new DocumentScalar(position, ScalarKind.Text, Text(position));
            case JsonTokenType.Number:
                return new DocumentScalar(position, ScalarKind.Number, System.Text.Encoding.ASCII.GetString(_reader.ValueSpan));
            case JsonTokenType.True:
                return new DocumentScalar(position, ScalarKind.Boolean, "true");
            case JsonTokenType.False:
                return new DocumentScalar(position, ScalarKind.Boolean, "false");
            default:
                return new DocumentScalar(position, ScalarKind.Null, "null");
        }
    }

    private DocumentNode Collection(DocumentPosition position)
    {
        if (++_errors.Depth > CatalogBounds.LargestDepth)
        {
            _errors.TooDeep(position);
            _reader.Skip();
            _errors.Depth--;
            return new DocumentScalar(position, ScalarKind.Null, "null");
        }

        DocumentNode result = _reader.TokenType == JsonTokenType.StartObject ? Mapping(position) : Sequence(position);
        _errors.Depth--;
        return result;
    }

    private DocumentSequence Sequence(DocumentPosition position)
    {
        ImmutableArray<DocumentNode>.Builder items = ImmutableArray.CreateBuilder<DocumentNode>();
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
        {
            _errors.Enter(items.Count.ToString());
            items.Add(Node());
            _errors.Leave();
        }

        return new DocumentSequence(position, items.ToImmutable());
    }

    private DocumentMapping Mapping(DocumentPosition position)
    {
        ImmutableArray<DocumentMember>.Builder members = ImmutableArray.CreateBuilder<DocumentMember>();
        Dictionary<string, DocumentPosition> seen = new(StringComparer.Ordinal);
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndObject)
        {
            DocumentPosition keyPosition = Here();
            string key = Text(keyPosition);
            _reader.Read();
            _errors.Enter(key);
            DocumentNode value = Node();
            _errors.Leave();
            if (seen.TryAdd(key, keyPosition))
            {
                members.Add(new DocumentMember(key, keyPosition, value));
            }
            else
            {
                _errors.Duplicate(key, keyPosition, seen[key]);
            }
        }

        return new DocumentMapping(position, members.ToImmutable());
    }

    private readonly string Text(DocumentPosition position)
    {
        string text;
        try
        {
            text = _reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            // The bytes are valid UTF-8, so only an escape such as \ud800 alone is left.
            _errors.Refuse(position, "This text has half of a surrogate pair; it must be valid Unicode.");
            return "";
        }

        _errors.CheckText(text, position);
        return text;
    }

    private DocumentPosition Here()
    {
        int start = (int)_reader.TokenStartIndex;
        _position = TextPosition.Advance(_position, _utf8[_offset..start]);
        _offset = start;
        return _position;
    }

    private static DocumentPosition Position(JsonException exception, ReadOnlySpan<byte> utf8)
    {
        ReadOnlySpan<byte> line = utf8;
        for (long i = 0; i < (exception.LineNumber ?? 0); i++)
        {
            line = line[(line.IndexOf((byte)'\n') + 1)..];
        }

        int before = Math.Min((int)(exception.BytePositionInLine ?? 0), line.Length);
        return TextPosition.Of(utf8[..(utf8.Length - line.Length + before)]);
    }

    /// <summary>The reader's message without the position that it appends; it may quote the document at any length.</summary>
    private static string Reason(JsonException exception)
    {
        int position = exception.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return TreeErrors.Cut((position < 0 ? exception.Message : exception.Message[..position]).ReplaceLineEndings(" ").TrimEnd('.'));
    }
}
