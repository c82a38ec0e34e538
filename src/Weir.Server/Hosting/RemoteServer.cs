using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Weir.Server;

/// <summary>A running server, spoken to over its API. What it refuses becomes one message.</summary>
internal sealed class RemoteServer : IDisposable
{
    private readonly HttpClient _http;

    /// <exception cref="CommandException">The address is not one.</exception>
    public RemoteServer(string url, string key)
    {
        if (!Uri.TryCreate(url.TrimEnd('/') + "/api/v1/", UriKind.Absolute, out Uri? address) || address.Scheme is not ("http" or "https"))
        {
            throw new CommandException($"'{url}' is not the address of a server; write it as http://127.0.0.1:5080.");
        }

        _http = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromMinutes(10) };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    /// <exception cref="CommandException">The server refused.</exception>
    public async Task<JsonElement> SendAsync(HttpMethod method, string path, HttpContent? content, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(method, path) { Content = content };
        using HttpResponseMessage response = await _http.SendAsync(request, cancellationToken);
        byte[] body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            throw new CommandException(Refusal(response.StatusCode, body));
        }

        return body.Length == 0 ? default : JsonSerializer.Deserialize<JsonElement>(body);
    }

    /// <exception cref="CommandException">The server refused.</exception>
    public async Task<string> GetTextAsync(string path, CancellationToken cancellationToken)
    {
        using HttpResponseMessage response = await _http.GetAsync(new Uri(path, UriKind.Relative), cancellationToken);
        byte[] body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        return response.IsSuccessStatusCode ? System.Text.Encoding.UTF8.GetString(body) : throw new CommandException(Refusal(response.StatusCode, body));
    }

    public void Dispose() => _http.Dispose();

    private static string Refusal(HttpStatusCode status, byte[] body)
    {
        try
        {
            JsonElement problem = JsonSerializer.Deserialize<JsonElement>(body);
            string message = problem.GetProperty("detail").GetString() ?? "";
            if (problem.TryGetProperty("errors", out JsonElement errors))
            {
                foreach (JsonElement error in errors.EnumerateArray())
                {
                    string place = error.TryGetProperty("line", out JsonElement line) ? $"line {line}" + (error.TryGetProperty("column", out JsonElement column) ? $", column {column}" : "") + ": " : "";
                    string pointer = error.GetProperty("pointer").GetString() ?? "";
                    string detail = error.GetProperty("detail").GetString() ?? "";
                    if (detail != message)
                    {
                        message += $"{Environment.NewLine}  {place}{(pointer.Length == 0 ? "" : pointer + ": ")}{detail}";
                    }
                }
            }

            return message;
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return $"The server answered {(int)status}. Is --url the address of a Weir server?";
        }
    }
}
