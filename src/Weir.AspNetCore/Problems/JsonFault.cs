using System.Text.Json;
using System.Text.RegularExpressions;

namespace Weir.AspNetCore;

/// <summary>Says what a serializer's message means to who sent the body: members and kinds of values, not names of our types.</summary>
internal static partial class JsonFault
{
    public static (string Pointer, string Message) Of(string pointer, string message)
    {
        int end = message.IndexOf(" Path: ", StringComparison.Ordinal);
        message = end < 0 ? message : message[..end];
        if (Unknown().Match(message) is { Success: true } unknown)
        {
            return (pointer, $"'{unknown.Groups["name"].Value}' is not a member here.");
        }

        if (Missing().Match(message) is { Success: true } missing)
        {
            string names = missing.Groups["name"].Value;
            string first = names.Split(',')[0].Trim().Trim('\'');
            return ($"{pointer}/{first}", $"{names} {(names.Contains(',', StringComparison.Ordinal) ? "are" : "is")} required.");
        }

        if (Repeated().Match(message) is { Success: true } repeated)
        {
            string name = repeated.Groups["name"].Value;
            return (pointer.EndsWith("/" + name, StringComparison.Ordinal) ? pointer : $"{pointer}/{name}", $"'{name}' stands twice.");
        }

        if (Kind().Match(message) is { Success: true } kind)
        {
            string type = kind.Groups["name"].Value;
            Type? wanted = MemberOf(type, pointer);
            return (pointer, wanted is { IsEnum: true }
                ? $"It is one of {string.Join(", ", Enum.GetNames(wanted).Select(JsonNamingPolicy.SnakeCaseLower.ConvertName))}."
                : $"{WordOf(wanted?.FullName ?? type)} is wanted here.");
        }

        return message.Contains("doesn't allow setting null values", StringComparison.Ordinal) || message.Contains("doesn't allow null", StringComparison.Ordinal)
            ? (pointer, "It must not be null.")
            : (pointer, message);
    }

    /// <summary>
    /// The serializer names the type of the whole body where the member is a parameter of its constructor. The body may be a host's own, and
    /// its members named otherwise than ours.
    /// </summary>
    private static Type? MemberOf(string body, string pointer)
    {
        string member = Plain(pointer[(pointer.LastIndexOf('/') + 1)..]);
        Type? owner = typeof(JsonFault).Assembly.GetType(body) ?? AppDomain.CurrentDomain.GetAssemblies().Select(assembly => assembly.GetType(body)).FirstOrDefault(type => type is not null);
        Type? type = owner?.GetProperties().FirstOrDefault(property => Plain(property.Name).Equals(member, StringComparison.OrdinalIgnoreCase))?.PropertyType;
        return type is null ? null : Nullable.GetUnderlyingType(type) ?? type;

        static string Plain(string name) => name.Replace("_", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal);
    }

    private static string WordOf(string type) => type switch
    {
        _ when type.Contains("Dictionary", StringComparison.Ordinal) => "An object",
        _ when type.Contains("List", StringComparison.Ordinal) || type.EndsWith("[]", StringComparison.Ordinal) => "A list",
        _ when type.Contains("String", StringComparison.Ordinal) => "A text of valid Unicode",
        _ when type.Contains("Boolean", StringComparison.Ordinal) => "true or false",
        _ when type.Contains("Int", StringComparison.Ordinal) => "A whole number in range",
        _ when type.Contains("Decimal", StringComparison.Ordinal) => "A number",
        _ when type.Contains("Instant", StringComparison.Ordinal) => "A time such as 2026-11-21T09:30:00Z",
        _ => "An object",
    };

    [GeneratedRegex("^The JSON property '(?<name>.*)' could not be mapped to any .NET member", RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Unknown();

    [GeneratedRegex("missing required properties including: (?<name>.*?)\\.$", RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Missing();

    [GeneratedRegex("[Dd]uplicate property '(?<name>.*)' encountered", RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Repeated();

    [GeneratedRegex("could not be converted to (?<name>.*?)\\.?$", RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Kind();
}
