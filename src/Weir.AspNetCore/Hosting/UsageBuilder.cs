using System.Security.Claims;
using System.Text;
using System.Text.Json;

using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>Says who uses what with a request, before its handler runs. Null values are left out.</summary>
public sealed class UsageBuilder
{
    private readonly WeirHostOptions _options;
    private readonly Dictionary<string, PropertyValue> _properties = new(StringComparer.Ordinal);
    private readonly List<(string Name, Func<string, decimal> Of)> _ofInput = [];
    private string? _account;
    private EventDetails _details = EventDetails.Empty;
    private GivenCost? _cost;

    internal UsageBuilder(HttpContext context, string eventType, WeirHostOptions options)
    {
        HttpContext = context;
        EventType = eventType;
        _options = options;
    }

    public HttpContext HttpContext { get; }

    public string EventType { get; }

    /// <summary>The account's key, as the host names it.</summary>
    public UsageBuilder Account(string? key)
    {
        _account = key;
        return this;
    }

    /// <summary>Who acts inside the account.</summary>
    public UsageBuilder User(string? key) => Detail(_details with { User = key });

    public UsageBuilder Campaign(string? key) => Detail(_details with { Campaign = key });

    /// <summary>Where the call comes from: <c>web</c>, <c>api</c>, <c>mobile</c>, ….</summary>
    public UsageBuilder Source(string? source) => Detail(_details with { Source = source });

    /// <summary>What it is about: the id of a document, a project, ….</summary>
    public UsageBuilder Resource(string? resource) => Detail(_details with { Resource = resource });

    /// <summary>Which model does the work.</summary>
    public UsageBuilder Model(string? provider, string? model) => Detail(_details with { Provider = provider, Model = model });

    public UsageBuilder Property(string name, decimal? value) => Property(name, value is { } number ? PropertyValue.Of(number) : null);

    public UsageBuilder Property(string name, bool? value) => Property(name, value is { } flag ? PropertyValue.Of(flag) : null);

    public UsageBuilder Property(string name, string? value) => Property(name, value is { } text ? PropertyValue.Of(text) : null);

    /// <summary>
    /// A figure of the request's input text: <c>usage.Property("complexity", Complexity.OfText)</c>. The input is the body; of a JSON body
    /// it is the texts in it, one a line, names of members apart.
    /// </summary>
    public UsageBuilder Property(string name, Func<string, decimal> ofInput)
    {
        _ofInput.Add((name, ofInput));
        return this;
    }

    /// <summary>What it will cost us; null currency is the catalog's.</summary>
    public UsageBuilder Cost(decimal amount, string? currency = null)
    {
        _cost = new GivenCost(amount, currency);
        return this;
    }

    /// <summary>A claim of the authenticated caller.</summary>
    public string? Claim(string type) => HttpContext.User.FindFirstValue(type);

    /// <summary>A value of the route.</summary>
    public string? Route(string name) => HttpContext.GetRouteValue(name)?.ToString();

    /// <summary>The whole body as text; the handler still reads it from its beginning.</summary>
    /// <exception cref="ProblemException">413: it is larger than <see cref="WeirHostOptions.LargestBody"/>.</exception>
    public async Task<string> ReadTextAsync() => Encoding.UTF8.GetString(await ReadBodyAsync());

    /// <summary>The body as JSON, read by the application's own rules; the handler still reads it from its beginning.</summary>
    /// <exception cref="ProblemException">400: it is not such JSON. 413: it is larger than <see cref="WeirHostOptions.LargestBody"/>.</exception>
    public async Task<T> ReadJsonAsync<T>()
    {
        byte[] body = await ReadBodyAsync();
        JsonSerializerOptions json = HttpContext.RequestServices.GetRequiredService<IOptions<Microsoft.AspNetCore.Http.Json.JsonOptions>>().Value.SerializerOptions;
        try
        {
            return JsonSerializer.Deserialize<T>(body, json) ?? throw new ProblemException(Problem.InvalidJson("", "The body is null; an object is wanted."));
        }
        catch (JsonException exception)
        {
            throw new ProblemException(JsonBody.ProblemOf(exception));
        }
    }

    /// <summary>The event, or null when its account is not known.</summary>
    /// <exception cref="ProblemException">A part of it is out of bounds.</exception>
    internal async ValueTask<UsageEvent?> BuildAsync(string? endpoint)
    {
        if ((_account ?? _options.Account?.Invoke(HttpContext)) is not { Length: > 0 } account)
        {
            return null;
        }

        EventDetails details = _details with
        {
            User = _details.User ?? _options.User?.Invoke(HttpContext),
            Source = _details.Source ?? Header(_options.SourceHeader) ?? _options.Source,
            Endpoint = _details.Endpoint ?? endpoint,
        };
        if (_ofInput.Count > 0)
        {
            string input = await ReadInputAsync();
            foreach ((string name, Func<string, decimal> of) in _ofInput)
            {
                _properties[name] = PropertyValue.Of(of(input));
            }
        }

        CheckKey(account, "account");
        CheckKey(details.User, "user");
        CheckKey(details.Campaign, "campaign");
        foreach ((string name, PropertyValue value) in _properties)
        {
            Bounds.CheckProperty(name, value);
        }

        if (_properties.Count > EventBounds.MostProperties)
        {
            throw new ProblemException(Problem.Invalid("", $"The call has {_properties.Count} properties; at most {EventBounds.MostProperties} are kept."));
        }

        return new UsageEvent
        {
            Account = new AccountKey(account),
            Type = EventType,
            Properties = Properties.Of(_properties),
            Cost = _cost,
            Details = details with
            {
                Source = Bounds.Cut(details.Source),
                Resource = Bounds.Cut(details.Resource),
                Provider = Bounds.Cut(details.Provider),
                Model = Bounds.Cut(details.Model),
                Endpoint = Bounds.Cut(details.Endpoint),
            },
            Origin = new CallOrigin(
                _options.KeepOrigin ? ClientAddress.Of(HttpContext) : null,
                _options.KeepOrigin ? Bounds.Cut(Header("User-Agent")) : null,
                Bounds.Cut(HttpContext.TraceIdentifier)),
            FreeWhenDenied = true,
        };
    }

    private async Task<byte[]> ReadBodyAsync() => await RequestBody.ReadAsync(HttpContext, _options.LargestBody)
        ?? throw new ProblemException(Problem.PayloadTooLarge($"The body has more than {_options.LargestBody} bytes; send less at once."));

    private async Task<string> ReadInputAsync()
    {
        if (!HttpContext.Request.HasJsonContentType())
        {
            return await ReadTextAsync();
        }

        byte[] body = await ReadBodyAsync();
        try
        {
            StringBuilder texts = new();
            Utf8JsonReader reader = new(body);
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.String)
                {
                    texts.Append(reader.GetString()).Append('\n');
                }
            }

            return texts.ToString();
        }
        catch (JsonException exception)
        {
            throw new ProblemException(JsonBody.ProblemOf(exception));
        }
        catch (InvalidOperationException)
        {
            throw new ProblemException(Problem.InvalidJson("", "A text of the body is not Unicode: it has a lone surrogate or bytes that are not UTF-8."));
        }
    }

    private string? Header(string? name) => name is not null && HttpContext.Request.Headers.TryGetValue(name, out Microsoft.Extensions.Primitives.StringValues value) && value.ToString() is { Length: > 0 } text ? text : null;

    private UsageBuilder Detail(EventDetails details)
    {
        _details = details;
        return this;
    }

    private UsageBuilder Property(string name, PropertyValue? value)
    {
        if (value is { } given)
        {
            _properties[name] = given;
        }

        return this;
    }

    private static void CheckKey(string? key, string what)
    {
        if (key is not null && !Identifier.IsValid(key))
        {
            throw new ProblemException(Problem.Invalid("", $"The {what} of this call must be {Identifier.Form}."));
        }
    }
}
