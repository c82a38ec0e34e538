using System.Collections.Immutable;

namespace Weir.Engine;

/// <summary>A place in the text of a catalog: line and column count from 1.</summary>
public readonly record struct DocumentPosition(int Line, int Column);

/// <summary>What a scalar was written as. In YAML a plain (unquoted) scalar is resolved by the core schema; a quoted one is a text.</summary>
public enum ScalarKind
{
    Null,
    Boolean,
    Number,
    Text,
}

/// <summary>A catalog document as written: a tree with positions, the same for YAML and JSON.</summary>
public abstract record DocumentNode(DocumentPosition Position);

/// <summary>A mapping in the order of the document. A duplicate key is already an error of the parser.</summary>
public sealed record DocumentMapping(DocumentPosition Position, ImmutableArray<DocumentMember> Members) : DocumentNode(Position)
{
    public DocumentMember? Find(string key)
    {
        foreach (DocumentMember member in Members)
        {
            if (member.Key == key)
            {
                return member;
            }
        }

        return null;
    }
}

public sealed record DocumentMember(string Key, DocumentPosition KeyPosition, DocumentNode Value);

public sealed record DocumentSequence(DocumentPosition Position, ImmutableArray<DocumentNode> Items) : DocumentNode(Position);

/// <param name="Text">As written, without quotes.</param>
public sealed record DocumentScalar(DocumentPosition Position, ScalarKind Kind, string Text) : DocumentNode(Position)
{
    /// <summary>The value of a boolean, however YAML's core schema lets it be written: <c>true</c>, <c>True</c>, <c>TRUE</c>.</summary>
    public bool IsTrue => Kind == ScalarKind.Boolean && Text.Equals("true", StringComparison.OrdinalIgnoreCase);
}

/// <summary>One error of a catalog.</summary>
/// <param name="Pointer">JSON pointer (RFC 6901) to the member that is wrong, <c>""</c> for the whole document.</param>
/// <param name="Message">What is wrong and what is allowed, one sentence.</param>
public sealed record CatalogError(string Pointer, DocumentPosition Position, string Message)
{
    public override string ToString() => $"line {Position.Line}, column {Position.Column}: {(Pointer.Length == 0 ? "/" : Pointer)}: {Message}";
}

/// <summary>Either a catalog or every error of its document.</summary>
public sealed record CatalogResult(Catalog? Catalog, ImmutableArray<CatalogError> Errors)
{
    public bool IsValid => Catalog is not null;
}
