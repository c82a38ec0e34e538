using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

using global::Transcription;

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

/// <summary>The whole of the transcription service in a folder of its own, with a clock that a test moves and a transcriber that it can hold back.</summary>
internal sealed class TranscriptionApp : IAsyncDisposable
{
    /// <summary>Free, Hong Kong; his months are counted from the day of his first visit.</summary>
    public const string Wing = "demo-wing-free-0001";

    /// <summary>Starter, Nairobi; her months are counted from the 31st, 09:00.</summary>
    public const string Nina = "demo-nina-starter-0001";

    /// <summary>Pro, Berlin.</summary>
    public const string Paul = "demo-paul-pro-0001";

    public const string AdminKey = "weir-admin-key-for-the-demo-only";

    private readonly string[] _more;
    private WebApplication _app = null!;
    private HttpClient _client = null!;

    private TranscriptionApp(string[] more) => _more = more;

    public string Folder { get; } = Directory.CreateTempSubdirectory("transcription-").FullName;

    public FakeClock Clock { get; } = new(Instant.FromUtc(2026, 11, 10, 8, 0));

    public HeldTranscriber Transcriber { get; } = new();

    public IServiceProvider Services => _app.Services;

    public string Address { get; private set; } = "";

    public WorkspaceId Workspace => Services.GetRequiredService<StoreLifetime>().Default.Id;

    /// <param name="more">Further settings, such as <c>--Transcription:Jobs:StuckAfter=00:00:01</c>.</param>
    public static async Task<TranscriptionApp> StartAsync(params string[] more)
    {
        TranscriptionApp app = new(more);
        await app.RunAsync();
        return app;
    }

    public async Task RestartAsync()
    {
        await StopAsync();
        await RunAsync();
    }

    public Task<(int Status, JsonElement Body)> GetAsync(string path, string? token = Wing) => SendAsync(new HttpRequestMessage(HttpMethod.Get, "/api/v1" + path), token);

    public Task<(int Status, JsonElement Body)> PostAsync(string path, object? body = null, string? token = Wing) =>
        SendAsync(new HttpRequestMessage(HttpMethod.Post, "/api/v1" + path) { Content = body is null ? null : JsonContent.Create(body) }, token);

    public Task<(int Status, JsonElement Body)> PutAsync(string path, object body, string? token = Wing) =>
        SendAsync(new HttpRequestMessage(HttpMethod.Put, "/api/v1" + path) { Content = JsonContent.Create(body) }, token);

    public Task<(int Status, JsonElement Body)> DeleteAsync(string path, string? token = Wing) => SendAsync(new HttpRequestMessage(HttpMethod.Delete, "/api/v1" + path), token);

    /// <param name="chunked">Without a length in its header.</param>
    public Task<(int Status, JsonElement Body)> UploadAsync(byte[] content, string token = Wing, string name = "talk.wav", string language = "yue", bool chunked = false)
    {
        MultipartFormDataContent form = new() { { new ByteArrayContent(content), "file", name } };
        HttpRequestMessage request = new(HttpMethod.Post, "/api/v1/transcription?language=" + language) { Content = form };
        request.Headers.ExpectContinue = true;
        request.Headers.TransferEncodingChunked = chunked;
        return SendAsync(request, token);
    }

    /// <summary>Takes a file in and gives its job's id.</summary>
    public async Task<string> SubmitAsync(byte[] content, string token = Wing, string name = "talk.wav")
    {
        (int status, JsonElement body) = await UploadAsync(content, token, name);
        Assert.True(status == 202, $"{status} {body}");
        return body.GetProperty("id").GetString()!;
    }

    public async Task<(int Status, string Text, HttpContentHeaders Headers)> ExportAsync(string id, string format, string token = Wing)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, $"/api/v1/transcription/{id}/export?format={format}") { Headers = { { "Authorization", "Bearer " + token } } };
        using HttpResponseMessage response = await _client.SendAsync(request);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(), response.Content.Headers);
    }

    public async Task<(int Status, JsonElement Body)> SendAsync(HttpRequestMessage request, string? token)
    {
        using (request)
        {
            if (token is not null)
            {
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            }

            using HttpResponseMessage response = await _client.SendAsync(request);
            string text = await response.Content.ReadAsStringAsync();
            JsonElement body = text.StartsWith('{') || text.StartsWith('[') ? JsonDocument.Parse(text).RootElement : default;
            return ((int)response.StatusCode, body);
        }
    }

    /// <summary>The job, once it is as a test wants it.</summary>
    public async Task<JsonElement> UntilAsync(string id, Func<JsonElement, bool> wanted, string token = Wing)
    {
        JsonElement job = default;
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(60));
        while (!patience.IsCancellationRequested)
        {
            job = (await GetAsync("/transcription/" + id, token)).Body.GetProperty("job");
            if (wanted(job))
            {
                return job;
            }

            await Task.Delay(10);
        }

        Assert.Fail($"The job never came so far: {job}");
        return job;
    }

    public Task<JsonElement> UntilAsync(string id, string state, string token = Wing) => UntilAsync(id, job => State(job) == state, token);

    public async Task<JsonElement> CurrentAsync(string token = Wing) => (await GetAsync("/usage/current", token)).Body;

    public static string State(JsonElement job) => job.GetProperty("state").GetString()!;

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        SqliteConnection.ClearAllPools();
        Directory.Delete(Folder, recursive: true);
    }

    private async Task RunAsync()
    {
        _app = TranscriptionHost.Create(
            ["--environment=Demo", $"--Transcription:Data={Folder}", "--urls=http://127.0.0.1:0", .. _more],
            builder =>
            {
                builder.Logging.ClearProviders();
                builder.Services.AddSingleton<TimeProvider>(Clock);
                builder.Services.AddSingleton<ITranscriber>(Transcriber);
            });
        await _app.StartAsync();
        Address = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        _client = new HttpClient { BaseAddress = new Uri(Address) };
    }

    private async Task StopAsync()
    {
        _client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}

/// <summary>The offline transcriber, which a test can hold back or let fail.</summary>
internal sealed class HeldTranscriber : ITranscriber
{
    private readonly Lock _gate = new();
    private readonly SilenceTranscriber _inner = new(new MediaTools());
    private TaskCompletionSource? _held;
    private int _running;

    /// <summary>The most that ever ran at once.</summary>
    public int Most { get; private set; }

    /// <summary>Thrown in place of the next transcripts.</summary>
    public Exception? Fault { get; set; }

    public string Name => _inner.Name;

    public string? Provider => _inner.Provider;

    public string Model => _inner.Model;

    public void Hold()
    {
        lock (_gate)
        {
            _held ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    public void Release()
    {
        lock (_gate)
        {
            _held?.SetResult();
            _held = null;
        }
    }

    public async Task<Transcript> TranscribeAsync(TranscriptionRequest request, IProgress<double> progress, CancellationToken cancellationToken)
    {
        Task held;
        lock (_gate)
        {
            _running++;
            Most = Math.Max(Most, _running);
            held = _held?.Task ?? Task.CompletedTask;
        }

        try
        {
            if (!held.IsCompleted)
            {
                progress.Report(0.4);
                await held.WaitAsync(cancellationToken);
            }

            return Fault is { } fault ? throw fault : await _inner.TranscribeAsync(request, progress, cancellationToken);
        }
        finally
        {
            lock (_gate)
            {
                _running--;
            }
        }
    }
}
