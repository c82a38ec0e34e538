using System.Collections.Immutable;

using Weir.Engine;

using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Weir;

/// <summary>
/// Builds the tree from the events of a YAML parser. What makes a document mean something other than it shows (anchors,
/// aliases, merge keys, tags, several documents) is refused.
/// </summary>
internal sealed class YamlTree
{
    private readonly Scanner _scanner;
    private readonly Parser _parser;
    private readonly TreeErrors _errors = new();
    private bool _isTooDeep;

    private YamlTree(string text)
    {
        _scanner = new Scanner(new StringReader(text));
        _parser = new Parser(_scanner);
    }

    public static DocumentResult Parse(string text)
    {
        YamlTree tree = new(text);
        DocumentNode? root = null;
        try
        {
            root = tree.Document();
        }
        catch (YamlException exception)
        {
            if (!tree._isTooDeep)
            {
                tree._errors.Refuse(Position(exception.Start), $"The text is not valid YAML: {TreeErrors.Cut(exception.Message.ReplaceLineEndings(" ").TrimEnd('.'))}.");
            }
        }

        return tree._errors.Result(root);
    }

    private DocumentNode? Document()
    {
        // The stream's start, then the document's, unless there is none.
        Move();
        Move();
        if (_parser.Current is not DocumentStart)
        {
            _errors.Refuse(new DocumentPosition(1, 1), "The document is empty; a catalog is a mapping.");
            return null;
        }

        Move();
        DocumentNode root = Node();
        Move();
        if (_parser.Current is DocumentStart next)
        {
            _errors.Refuse(Position(next.Start), "Another document begins here; a catalog is one document.");
        }

        return root;
    }

    /// <summary>The node at the current event; afterwards the event behind it is current.</summary>
    private DocumentNode Node()
    {
        ParsingEvent current = _parser.Current!;
        DocumentPosition position = Position(current.Start);
        if (current is AnchorAlias alias)
        {
            _errors.Refuse(position, $"'*{alias.Value}' is an alias; aliases are not allowed in a catalog, write the value out.");
            Move();
            return new DocumentScalar(position, ScalarKind.Null, "");
        }

        NodeEvent node = (NodeEvent)current;
        if (!node.Anchor.IsEmpty)
        {
            _errors.Refuse(position, $"'&{node.Anchor}' is an anchor; anchors are not allowed in a catalog, write the value out.");
        }

        if (!node.Tag.IsEmpty)
        {
            _errors.Refuse(position, $"'{node.Tag}' is a tag; tags are not allowed in a catalog, quote a text instead.");
        }

        if (node is Scalar scalar)
        {
            _errors.CheckText(scalar.Value, position);
            Move();
            return new DocumentScalar(
                position, scalar.Style == ScalarStyle.Plain ? YamlScalar.KindOf(scalar.Value) : ScalarKind.Text, scalar.Value);
        }

        if (++_errors.Depth > CatalogBounds.LargestDepth)
        {
            // The scanner's work grows with the square of the depth of flow collections, so nothing behind this is read.
            _errors.TooDeep(position);
            _isTooDeep = true;
            throw new YamlException(current.Start, current.End, "The document is too deep.");
        }

        Move();
        DocumentNode result = node is MappingStart ? Mapping(position) : Sequence(position);
        _errors.Depth--;
        return result;
    }

    private DocumentSequence Sequence(DocumentPosition position)
    {
        ImmutableArray<DocumentNode>.Builder items = ImmutableArray.CreateBuilder<DocumentNode>();
        while (_parser.Current is not SequenceEnd)
        {
            _errors.Enter(items.Count.ToString());
            items.Add(Node());
            _errors.Leave();
        }

        Move();
        return new DocumentSequence(position, items.ToImmutable());
    }

    private DocumentMapping Mapping(DocumentPosition position)
    {
        ImmutableArray<DocumentMember>.Builder members = ImmutableArray.CreateBuilder<DocumentMember>();
        Dictionary<string, DocumentPosition> seen = new(StringComparer.Ordinal);
        while (_parser.Current is not MappingEnd)
        {
            DocumentPosition keyPosition = Position(_parser.Current!.Start);
            bool merge = _parser.Current is Scalar { Style: ScalarStyle.Plain, Value: "<<" };
            DocumentNode keyNode = Node();
            string key = (keyNode as DocumentScalar)?.Text ?? "";
            if (merge)
            {
                _errors.Refuse(keyPosition, "'<<' is a merge key; merge keys are not allowed in a catalog, write the members out.");
            }
            else if (keyNode is not DocumentScalar)
            {
                _errors.Refuse(keyPosition, "The name of a member must be a text, not a mapping or a list.");
            }

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

        Move();
        return new DocumentMapping(position, members.ToImmutable());
    }

    private void Move()
    {
        try
        {
            _parser.MoveNext();
        }
        catch (Exception exception) when (exception is InvalidOperationException or ArgumentException or FormatException or IndexOutOfRangeException or OverflowException)
        {
            // The scanner leaves some broken texts, such as a plain scalar that it cannot begin, with exceptions of its own.
            throw new YamlException(_scanner.CurrentPosition, _scanner.CurrentPosition, "what stands here is no value, name or separator", exception);
        }
    }

    private static DocumentPosition Position(in Mark mark) => new((int)mark.Line, (int)mark.Column);
}
