using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Weir.Server.Tests;

/// <summary>Every way in which a body of JSON breaks. The benchmarks measure how long each takes to be refused.</summary>
internal static class BrokenBodies
{
    /// <summary>Texts that no member may carry: they would break what is stored, shown or logged.</summary>
    private static readonly string[] s_badTexts = ["\\u0000", "a\\ud800b", "a\\udc00", "a\\r\\nb: c", "\\u001b[31mred", "a\\u2028b", "a\\u0085b"];

    /// <summary>Lists that may be empty.</summary>
    private static readonly string[] s_lists = ["types", "contacts"];

    /// <summary>The body, broken in each way; with the place where that must be said.</summary>
    /// <param name="isOptional">The call may come without one.</param>
    public static IEnumerable<(string What, string Text, string? Pointer)> Of(string body, bool isOptional)
    {
        foreach (string text in new[] { "", "{", "nul", "null", "5", "\"x\"", "[5]", body + "x", body + " {}", body.Insert(body.LastIndexOf('}'), ",") })
        {
            if (text.Length > 0 || !isOptional)
            {
                yield return ("not a body", text, null);
            }
        }

        yield return ("unknown member", body.Insert(1, """ "unknown": 1, """), "/unknown");
        yield return ("unknown member with a strange name", body.Insert(1, """ "\u001b[31m": 1, """), "");
        yield return ("65 levels", body.Insert(1, $""" "properties": {Nested(65)}, """), null);
        yield return ("10 MB", body.Insert(1, $""" "unknown": "{new string('x', 10_000_000)}", """), null);
        foreach ((string name, JsonNode? value) in JsonNode.Parse(body)!.AsObject())
        {
            string member = $"\"{name}\": ";
            yield return ($"'{name}' twice", body.Insert(1, $" {member}{value!.ToJsonString()}, "), "/" + name);
            foreach (string other in WrongTypes(name, value!).Where(other => other != "[]" || !s_lists.Contains(name)))
            {
                yield return ($"'{name}' of another type", With(body, name, other), "/" + name);
            }

            if (value is JsonValue scalar && scalar.GetValueKind() == JsonValueKind.String)
            {
                foreach (string bad in s_badTexts)
                {
                    yield return ($"'{name}' with a bad text", With(body, name, $"\"{bad}\""), "/" + name);
                }

                yield return ($"'{name}' too long", With(body, name, $"\"{new string('x', 600)}\""), "/" + name);
            }
        }
    }

    private static IEnumerable<string> WrongTypes(string name, JsonNode value) => value switch
    {
        JsonObject => ["5", "\"x\"", "[1]", "true"],
        JsonArray => ["5", "\"x\"", "{}", "[5]", "[null]", "[\"root\"]", "[]"],
        _ when name == "status" => ["{}", "[1]", "true", "1.5"],
        _ => value.GetValueKind() switch
        {
            JsonValueKind.String => ["5", "true", "{}", "[1]"],
            JsonValueKind.Number => ["\"5\"", "true", "{}", "[1]", "1e400", "-1e400", "0.12345678901234567890123456789012"],
            _ => ["5", "\"true\"", "{}", "[1]"],
        },
    };

    /// <summary>The body with one member's value written as it is given, also where that is no valid JSON text.</summary>
    private static string With(string body, string name, string value)
    {
        StringBuilder text = new("{ ");
        foreach ((string member, JsonNode? old) in JsonNode.Parse(body)!.AsObject())
        {
            text.Append(text.Length > 2 ? ", " : "").Append($"\"{member}\": ").Append(member == name ? value : old!.ToJsonString());
        }

        return text.Append(" }").ToString();
    }

    public static string Nested(int levels) => new string('[', levels) + new string(']', levels);
}
