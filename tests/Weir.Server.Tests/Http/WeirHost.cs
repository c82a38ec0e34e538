using System.Net.Http.Headers;
using System.Text;

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

using Weir.AspNetCore;

namespace Weir.Server.Tests;

/// <summary>
/// A real server on a port of its own: Kestrel, the HTTP API and a store. Tests speak to it as clients do.
/// </summary>
public sealed class WeirHost : IAsyncDisposable
{
    public const string AdminKey = "an-admin-key-of-more-than-32-characters";

    /// <summary>32 bytes, as good as any for tests.</summary>
    public const string MasterKey = "d2VpciB0ZXN0cyB1c2UgdGhpcyBtYXN0ZXIga2V5ISE=";

    private readonly WebApplication _app;

    private WeirHost(WebApplication app)
    {
        _app = app;
        Address = new Uri(app.Urls.Single());
        Admin = ClientWith(AdminKey);
    }

    public Uri Address { get; }

    /// <summary>An admin of the workspace <c>default</c>, who is also the operator.</summary>
    public HttpClient Admin { get; }

    public IServiceProvider Services => _app.Services;

    public IReadOnlyList<RouteEndpoint> Endpoints => [.. Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()];

    /// <param name="catalog">A file of <c>catalogs/</c>, or null for none.</param>
    /// <param name="store">Adds the store; in memory when null.</param>
    /// <param name="map">Adds endpoints of a host.</param>
    public static async Task<WeirHost> StartAsync(
        string? catalog = "nexa.yaml", Action<WeirBuilder>? store = null, TimeProvider? clock = null, Action<WeirOptions>? configure = null,
        Action<WebApplication>? map = null, Action<IServiceCollection>? services = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRouting();
        builder.Logging.SetMinimumLevel(LogLevel.Error).AddSimpleConsole();
        if (clock is not null)
        {
            builder.Services.TryAddSingleton(clock);
        }

        WeirBuilder weir = builder.Services.AddWeir(options =>
        {
            options.CatalogFile = catalog is null ? null : CatalogPath(catalog);
            options.MasterKey = MasterKey;
            options.Closing = false;
            configure?.Invoke(options);
        });
        (store ?? (memory => memory.AddMemory()))(weir);
        services?.Invoke(builder.Services);
        WebApplication app = builder.Build();
        app.Services.GetRequiredService<KeyService>().UseAdminKey(AdminKey);
        app.MapWeirApi();
        map?.Invoke(app);
        await app.StartAsync();
        return new WeirHost(app);
    }

    public static string CatalogPath(string file)
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Weir.slnx")))
        {
            folder = folder.Parent;
        }

        return Path.Combine(folder?.FullName ?? throw new InvalidOperationException("Tests run inside the repository."), "catalogs", file);
    }

    public HttpClient ClientWith(string? key)
    {
        HttpClient client = new(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = Address, Timeout = TimeSpan.FromMinutes(2) };
        client.DefaultRequestHeaders.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
        return client;
    }

    /// <summary>A client with a new key of the workspace <c>default</c>.</summary>
    /// <param name="scopes">Of <c>ingest</c>, <c>read</c>, <c>admin</c>.</param>
    public async Task<HttpClient> ClientOfAsync(params string[] scopes)
    {
        string list = string.Join(", ", scopes.Select(scope => $"\"{scope}\""));
        Reply reply = await Admin.PostJsonAsync("/api/v1/keys", $$"""{ "name": "a key", "scopes": [{{list}}] }""");
        return ClientWith((string)reply.Expect(System.Net.HttpStatusCode.Created)["key"]!);
    }

    /// <summary>A client with a new portal token of an account of the workspace <c>default</c>.</summary>
    public async Task<HttpClient> PortalAsync(string account, string? user = null, int ttl = 3600)
    {
        string who = user is null ? "" : $", \"user\": \"{user}\"";
        Reply reply = await Admin.PostJsonAsync("/api/v1/portal/tokens", $$"""{ "account": "{{account}}", "ttl": {{ttl}}{{who}} }""");
        return ClientWith((string)reply.Expect(System.Net.HttpStatusCode.Created)["token"]!);
    }

    /// <summary>Stops the server as a supervisor would; the host is disposed afterwards.</summary>
    public Task StopAsync() => _app.StopAsync();

    /// <summary>A client with the first admin key of a new workspace.</summary>
    /// <param name="catalog">A file of <c>catalogs/</c>, or null for none.</param>
    public async Task<HttpClient> NewWorkspaceAsync(string key, string? catalog = "nexa.yaml")
    {
        Reply reply = await Admin.PostJsonAsync("/api/v1/workspaces", $$"""{ "key": "{{key}}" }""");
        HttpClient client = ClientWith((string)reply.Expect(System.Net.HttpStatusCode.Created)["adminKey"]!);
        if (catalog is not null)
        {
            (await client.PutAsync("/api/v1/catalog", await File.ReadAllTextAsync(CatalogPath(catalog)), "application/yaml")).ExpectOk();
        }

        return client;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}

public static class ClientCalls
{
    public static Task<Reply> ReadAsync(this HttpClient client, string path, string? accept = null) => client.CallAsync(HttpMethod.Get, path, null, null, accept);

    public static Task<Reply> PostJsonAsync(this HttpClient client, string path, string json) => client.CallAsync(HttpMethod.Post, path, json, "application/json");

    public static Task<Reply> PutJsonAsync(this HttpClient client, string path, string json) => client.CallAsync(HttpMethod.Put, path, json, "application/json");

    public static Task<Reply> PutAsync(this HttpClient client, string path, string body, string type) => client.CallAsync(HttpMethod.Put, path, body, type);

    public static Task<Reply> DeleteCallAsync(this HttpClient client, string path) => client.CallAsync(HttpMethod.Delete, path, null, null);

    public static async Task<Reply> CallAsync(
        this HttpClient client, HttpMethod method, string path, string? body, string? type, string? accept = null, params (string Name, string Value)[] headers)
    {
        using HttpRequestMessage request = new(method, new Uri(path, UriKind.Relative));
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            if (type is not null)
            {
                request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
            }
        }

        if (accept is not null)
        {
            request.Headers.TryAddWithoutValidation("Accept", accept);
        }

        foreach ((string name, string value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        HttpResponseMessage response = await client.SendAsync(request);
        return new Reply(response.StatusCode, await response.Content.ReadAsStringAsync(), response);
    }
}
