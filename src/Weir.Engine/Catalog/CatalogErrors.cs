using System.Collections.Immutable;

namespace Weir.Engine;

/// <summary>Gathers the errors of one document; bounded, because a large document can be wrong everywhere.</summary>
internal sealed class CatalogErrors
{
    private readonly List<CatalogError> _errors = [];

    /// <summary>Whether more errors would change nothing but the time that it takes to find them.</summary>
    public bool IsFull => _errors.Count > CatalogBounds.MostErrors;

    public bool IsEmpty => _errors.Count == 0;

    public void Add(string pointer, DocumentPosition position, string message)
    {
        // One beyond the bound is kept so that Sorted knows that something was left out.
        if (!IsFull)
        {
            _errors.Add(new CatalogError(pointer, position, message));
        }
    }

    /// <summary>In the order of the document.</summary>
    public ImmutableArray<CatalogError> Sorted()
    {
        IEnumerable<CatalogError> sorted = _errors
            .Take(CatalogBounds.MostErrors)
            .OrderBy(error => error.Position.Line)
            .ThenBy(error => error.Position.Column);
        return !IsFull
            ? [.. sorted]
            : [.. sorted, new CatalogError("", _errors[^1].Position, $"There are more errors; only the first {CatalogBounds.MostErrors} are named.")];
    }
}
