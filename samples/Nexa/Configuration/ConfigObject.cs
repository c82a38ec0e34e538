using System.Text.Json;
using System.Text.Json.Nodes;

using Weir.AspNetCore;

namespace Nexa;

/// <summary>An object of a configuration request, read strictly: members that are unknown or of the wrong kind are gathered with their places.</summary>
internal sealed class ConfigObject
{
    private readonly JsonObject _json;
    private readonly List<ProblemError> _errors;

    private ConfigObject(JsonObject json, string pointer, List<ProblemError> errors)
    {
        _json = json;
        Pointer = pointer;
        _errors = errors;
    }

    public string Pointer { get; }

    public static ConfigObject Of(JsonNode? json, string pointer, List<ProblemError> errors)
    {
        if (json is not JsonObject found)
        {
            errors.Add(new ProblemError(pointer, "An object is wanted."));
        }

        return new ConfigObject(json as JsonObject ?? [], pointer, errors);
    }

    public ConfigObject Allow(params string[] members)
    {
        foreach ((string name, JsonNode? _) in _json)
        {
            if (!members.Contains(name, StringComparer.Ordinal))
            {
                Wrong(name, $"'{name}' is not known here; allowed are {string.Join(", ", members)}.");
            }
        }

        return this;
    }

    public bool Has(string name) => _json.ContainsKey(name);

    public IEnumerable<string> Names => _json.Select(member => member.Key);

    public ConfigObject? Object(string name) => _json[name] is { } value ? Of(value, Below(name), _errors) : null;

    public string? Text(string name)
    {
        switch (_json[name])
        {
            case null:
                return null;
            case JsonValue value when value.GetValueKind() == JsonValueKind.String:
                return value.GetValue<string>();
            default:
                Wrong(name, $"'{name}' is a text.");
                return null;
        }
    }

    public string? RequiredText(string name)
    {
        if (!Has(name))
        {
            Wrong(name, $"'{name}' is required.");
        }

        return Text(name);
    }

    /// <summary>A number of 0 or more; null where it is absent, JSON null, or wrong.</summary>
    public decimal? Number(string name)
    {
        switch (_json[name])
        {
            case null:
                return null;
            case JsonValue value when value.GetValueKind() == JsonValueKind.Number && value.TryGetValue(out decimal number):
                if (number < 0)
                {
                    Wrong(name, $"'{name}' is {number}; it must be 0 or more.");
                    return null;
                }

                return number;
            default:
                Wrong(name, $"'{name}' is a number.");
                return null;
        }
    }

    public IReadOnlyList<string>? Texts(string name)
    {
        switch (_json[name])
        {
            case null:
                return null;
            case JsonArray list when list.All(item => item is JsonValue value && value.GetValueKind() == JsonValueKind.String):
                return [.. list.Select(item => item!.GetValue<string>())];
            default:
                Wrong(name, $"'{name}' is a list of texts.");
                return null;
        }
    }

    public void Wrong(string name, string detail) => _errors.Add(new ProblemError(Below(name), detail));

    private string Below(string name) => $"{Pointer}/{name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)}";
}
