using System.Collections.Immutable;

namespace Weir.Engine;

/// <summary>The member <c>metadata</c> of the catalog and its entries.</summary>
internal static class MetadataReader
{
    public static Metadata Read(MemberSet members)
    {
        if (!members.TryGet("metadata", out DocumentCursor cursor))
        {
            return Metadata.Empty;
        }

        if (cursor.Node is not DocumentMapping mapping)
        {
            cursor.Fail($"Metadata must be a mapping from names to texts, numbers or booleans; this is {cursor.Describe()}.");
            return Metadata.Empty;
        }

        if (mapping.Members.Length > CatalogBounds.MostMetadataEntries)
        {
            cursor.Fail($"Metadata may have at most {CatalogBounds.MostMetadataEntries} entries; these are {mapping.Members.Length}.");
            return Metadata.Empty;
        }

        ImmutableArray<KeyValuePair<string, string>>.Builder entries = ImmutableArray.CreateBuilder<KeyValuePair<string, string>>();
        foreach (DocumentMember member in mapping.Members)
        {
            if (string.IsNullOrWhiteSpace(member.Key) || member.Key.Length > CatalogName.LargestLength || !DisplayName.IsValid(member.Key))
            {
                // The pointer stops at the mapping: a name without bounds has no place in one.
                cursor.Errors.Add(
                    cursor.Pointer,
                    member.KeyPosition,
                    $"'{DocumentCursor.Cut(member.Key)}' cannot name an entry of metadata: a name is not blank, at most {CatalogName.LargestLength} characters, without control characters.");
                continue;
            }

            if (Value(cursor.Into(member)) is { } value)
            {
                entries.Add(KeyValuePair.Create(member.Key, value));
            }
        }

        return new Metadata(entries.ToImmutable());
    }

    private static string? Value(DocumentCursor cursor)
    {
        if (cursor.IsNull)
        {
            return null;
        }

        if (cursor.Node is not DocumentScalar scalar)
        {
            cursor.Fail($"A value of metadata must be a text, a number or a boolean; this is {cursor.Describe()}.");
            return null;
        }

        string text = scalar.Kind == ScalarKind.Boolean ? (scalar.IsTrue ? "true" : "false") : scalar.Text;
        if (text.Length > CatalogBounds.LargestMetadataValueLength)
        {
            cursor.Fail($"A value of metadata may have at most {CatalogBounds.LargestMetadataValueLength} characters; this has {text.Length}.");
            return null;
        }

        return text;
    }
}
