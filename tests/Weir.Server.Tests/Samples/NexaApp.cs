using System.Net.Http.Json;
using System.Text.Json;

using global::Nexa;

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

using NodaTime;

using Weir.Engine;
using Weir.Storage.Tests;

namespace Weir.Server.Tests.Samples;

/// <summary>The whole of Nexa on SQLite in a folder of its own, with a clock that a test moves.</summary>
internal sealed class NexaApp : IAsyncDisposable
{
    public const string Admin = "acme-admin-0123456789";
    public const string Member = "acme-member-0123456789";
    public const string Stranger = "globex-member-0123456789";

    private readonly string _folder = Directory.CreateTempSubdirectory("nexa-").FullName;
    private WebApplication _app = null!;
    private HttpClient _client = null!;

    public FakeClock Clock { get; } = new(Instant.FromUtc(2026, 9, 10, 8, 0));

    public IServiceProvider Services => _app.Services;

    public WorkspaceId Workspace => Services.GetRequiredService<StoreLifetime>().Default.Id;

    public static async Task<NexaApp> StartAsync()
    {
        NexaApp nexa = new();
        await nexa.RunAsync();
        return nexa;
    }

    public async Task RestartAsync()
    {
        await StopAsync();
        await RunAsync();
    }

    public Task<(int Status, JsonElement Body)> GetAsync(string path, string? token = Member) => SendAsync(new HttpRequestMessage(HttpMethod.Get, path), token);

    public Task<(int Status, JsonElement Body)> PostAsync(string path, object body, string? token = Member) =>
        SendAsync(new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body) }, token);

    public Task<(int Status, JsonElement Body)> DeleteAsync(string path, string? token = Member) => SendAsync(new HttpRequestMessage(HttpMethod.Delete, path), token);

    public async Task<byte[]> DownloadAsync(string path, object body)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, path) { Content = JsonContent.Create(body), Headers = { { "Authorization", "Bearer " + Member } } };
        using HttpResponseMessage response = await _client.SendAsync(request);
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadAsByteArrayAsync();
    }

    public async Task<(int Status, JsonElement Body)> SendAsync(HttpRequestMessage request, string? token)
    {
        using (request)
        {
            if (token is not null)
            {
                request.Headers.Add("Authorization", "Bearer " + token);
            }

            using HttpResponseMessage response = await _client.SendAsync(request);
            string text = await response.Content.ReadAsStringAsync();
            return ((int)response.StatusCode, text.StartsWith('{') || text.StartsWith('[') ? JsonDocument.Parse(text).RootElement : default);
        }
    }

    public async Task SubscribeAsync(string organization, string plan)
    {
        Outcome outcome = await Services.GetRequiredService<AccountService>().ChangeAsync(Workspace, new AccountKey(organization), new AccountChange { Plan = plan }, null, create: true, AuditActor.Host, CancellationToken.None);
        Assert.True(outcome.Allowed);
    }

    /// <summary>Everything that the recorder has taken is durable.</summary>
    public async Task SettledAsync()
    {
        UsageRecorder recorder = Services.GetRequiredService<UsageRecorder>();
        while (recorder.Figures is var figures && figures.Recorded + figures.Rejected < figures.Accepted)
        {
            await Task.Yield();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task RunAsync()
    {
        _app = NexaHost.Create(
            [
                $"--Nexa:Data={_folder}", "--urls=http://127.0.0.1:0",
                .. TokenOf(0, Admin, "ada", "acme", "admin"), .. TokenOf(1, Member, "max", "acme", "member"), .. TokenOf(2, Stranger, "gil", "globex", "member"),
            ],
            builder =>
            {
                builder.Logging.ClearProviders();
                builder.Services.AddSingleton<TimeProvider>(Clock);
            });
        await _app.StartAsync();
        _client = new HttpClient { BaseAddress = new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()) };
    }

    private async Task StopAsync()
    {
        _client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private static IEnumerable<string> TokenOf(int index, string token, string user, string organization, string role) =>
        [$"--Nexa:Tokens:{index}:Token={token}", $"--Nexa:Tokens:{index}:User={user}", $"--Nexa:Tokens:{index}:Organization={organization}", $"--Nexa:Tokens:{index}:Role={role}"];
}
