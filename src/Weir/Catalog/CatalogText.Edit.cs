using System.Collections.Immutable;
using System.Security.Cryptography;

using Weir.Engine;

namespace Weir;

public static partial class CatalogText
{
    /// <summary>Random bytes of the key that stands in the place of an erased one.</summary>
    private const int ErasedKeyBytes = 12;

    /// <summary>
    /// The text with one member replaced, added or removed. The document is written anew in its canonical form
    /// (<see cref="Write"/>), so comments and layout are lost. Whether the new text is a valid catalog is for
    /// <see cref="Read(string, CatalogFormat)"/> to say.
    /// </summary>
    /// <param name="pointer">
    /// JSON pointer (RFC 6901) to a member of a mapping, such as <c>/events/render_requested</c>. Mappings on the way that
    /// are absent or null are made, unless the member is removed.
    /// </param>
    /// <param name="value">The new value; null removes the member. <c>Parse</c> makes one from JSON.</param>
    public static CatalogEdit Edit(string text, CatalogFormat format, string pointer, DocumentNode? value)
    {
        DocumentResult document = Parse(text, format);
        if (!document.IsValid)
        {
            return new CatalogEdit(null, document.Errors);
        }

        if (!TryPath(pointer, out ImmutableArray<string> path))
        {
            return Failed(pointer, default, "The pointer must name a member: '/' and a name, with '~' as '~0' and '/' as '~1'.");
        }

        DocumentNode? edited = Edited(document.Root!, path, 0, value, out CatalogError? error);
        return edited is null
            ? new CatalogEdit(null, [error!])
            : new CatalogEdit(Write(edited, format), []);
    }

    /// <summary>The text with another, random key in the place of an account's where plans are made for it; null when none is.</summary>
    internal static string? Redacted(string text, CatalogFormat format, string account)
    {
        // A key in which characters are escaped does not stand in the text as it is.
        if (!text.Contains(account, StringComparison.Ordinal) && !text.Contains('\\', StringComparison.Ordinal))
        {
            return null;
        }

        if (Parse(text, format).Root is not DocumentMapping root || root.Find("plans") is not { Value: DocumentMapping plans } member)
        {
            return null;
        }

        string nobody = "erased-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(ErasedKeyBytes));
        DocumentMapping redacted = plans;
        foreach (DocumentMember plan in plans.Members)
        {
            if (plan.Value is DocumentMapping terms && terms.Find("account") is { Value: DocumentScalar scalar } owner && scalar.Text == account)
            {
                DocumentMember erased = owner with { Value = new DocumentScalar(scalar.Position, ScalarKind.Text, nobody) };
                redacted = redacted with { Members = redacted.Members.Replace(plan, plan with { Value = terms with { Members = terms.Members.Replace(owner, erased) } }) };
            }
        }

        return ReferenceEquals(redacted, plans) ? null : Write(root with { Members = root.Members.Replace(member, member with { Value = redacted }) }, format);
    }

    private static DocumentMapping? Edited(DocumentNode node, ImmutableArray<string> path, int depth, DocumentNode? value, out CatalogError? error)
    {
        error = null;
        string key = path[depth];
        string here = string.Concat(path.Take(depth).Select(Segment));
        DocumentMapping? mapping = node as DocumentMapping;
        if (mapping is null && node is DocumentScalar { Kind: ScalarKind.Null })
        {
            mapping = new DocumentMapping(node.Position, []);
        }

        if (mapping is null)
        {
            error = new CatalogError(here, node.Position, $"There is no mapping here in which '{key}' could be a member.");
            return null;
        }

        DocumentMember? member = mapping.Find(key);
        if (member is null && value is null)
        {
            error = new CatalogError(here + Segment(key), mapping.Position, $"There is no member '{key}', so nothing can be removed.");
            return null;
        }

        DocumentNode? replaced = value;
        if (depth + 1 < path.Length)
        {
            DocumentNode inner = member?.Value ?? new DocumentMapping(mapping.Position, []);
            replaced = Edited(inner, path, depth + 1, value, out error);
            if (replaced is null)
            {
                return null;
            }
        }

        ImmutableArray<DocumentMember> members = (member, replaced) switch
        {
            (null, _) => mapping.Members.Add(new DocumentMember(key, mapping.Position, replaced!)),
            (_, null) => mapping.Members.Remove(member),
            _ => mapping.Members.Replace(member, member with { Value = replaced }),
        };
        return mapping with { Members = members };
    }

    private static bool TryPath(string pointer, out ImmutableArray<string> path)
    {
        path = [];
        if (!pointer.StartsWith('/'))
        {
            return false;
        }

        ImmutableArray<string>.Builder segments = ImmutableArray.CreateBuilder<string>();
        foreach (string segment in pointer[1..].Split('/'))
        {
            string bare = segment.Replace("~0", "", StringComparison.Ordinal).Replace("~1", "", StringComparison.Ordinal);
            if (bare.Contains('~'))
            {
                return false;
            }

            segments.Add(segment.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal));
        }

        path = segments.ToImmutable();
        return path.Length < CatalogBounds.LargestDepth;
    }

    private static string Segment(string key) =>
        "/" + key.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);

    private static CatalogEdit Failed(string pointer, DocumentPosition position, string message) =>
        new(null, [new CatalogError(pointer, position, message)]);
}
