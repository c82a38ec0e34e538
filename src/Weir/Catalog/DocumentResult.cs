using System.Collections.Immutable;

using Weir.Engine;

namespace Weir;

/// <summary>The tree of a document and what its parser refused.</summary>
/// <param name="Root">
/// Null when the tree would not say what the text says. With duplicate members alone there is a tree, in which the first
/// of them stands, so that the other errors of the document can be named too.
/// </param>
public sealed record DocumentResult(DocumentNode? Root, ImmutableArray<CatalogError> Errors)
{
    public bool IsValid => Root is not null && Errors.IsEmpty;
}

/// <summary>The new text of an edited document, or why it could not be edited.</summary>
public sealed record CatalogEdit(string? Text, ImmutableArray<CatalogError> Errors)
{
    public bool IsValid => Text is not null;
}
