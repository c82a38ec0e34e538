using CsvHelper;

using Microsoft.AspNetCore.Http;

using NodaTime;

namespace Weir.AspNetCore;

/// <summary>An answer as CSV (RFC 4180). Texts that a spreadsheet would take for a formula are marked with an apostrophe; numbers stay numbers.</summary>
internal sealed class CsvTable : IAsyncDisposable
{
    public const string ContentType = "text/csv";

    private static readonly CsvWriterOptions s_options = new() { Injection = CsvInjection.Escape, WriteByteOrderMark = false };

    private readonly CsvWriter _writer;

    private CsvTable(Stream body) => _writer = CsvWriter.Create(body, s_options, true);

    /// <summary>Whether the caller prefers CSV over JSON.</summary>
    public static bool IsWanted(HttpContext context)
    {
        foreach (Microsoft.Net.Http.Headers.MediaTypeHeaderValue type in context.Request.GetTypedHeaders().Accept.OrderByDescending(type => type.Quality ?? 1))
        {
            if (type.MediaType == ContentType)
            {
                return true;
            }

            if (type.MediaType == "application/json" || type.MatchesAllTypes)
            {
                return false;
            }
        }

        return false;
    }

    /// <param name="file">The name under which a browser saves it.</param>
    public static async Task WriteAsync(HttpContext context, string file, IEnumerable<string> columns, Func<CsvTable, ValueTask> rows)
    {
        context.Response.ContentType = ContentType + "; charset=utf-8";
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"{file}\"";
        context.Response.Headers.Vary = "Accept";
        await using CsvTable table = new(context.Response.Body);
        foreach (string column in columns)
        {
            table.Add(column);
        }

        await table.EndRowAsync();
        await rows(table);
    }

    public void Add(string? text) => _writer.WriteField(text);

    public void Add(decimal? number) => _writer.WriteField(number is { } value ? Engine.Decimals.Normalize(value) : default(decimal?), default);

    public void Add(Instant? time)
    {
        if (time is { } value && value != Instant.MinValue && value != Instant.MaxValue)
        {
            _writer.WriteField(JsonText.Format(value));
        }
        else
        {
            _writer.WriteField("");
        }
    }

    public ValueTask EndRowAsync() => _writer.EndRecordAsync(CancellationToken.None);

    public ValueTask DisposeAsync() => _writer.DisposeAsync();
}
