using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging.Console;

using Weir.AspNetCore;
using Weir.PostgreSql;
using Weir.Sqlite;

namespace Weir.Server;

/// <summary>Puts the server together.</summary>
internal static class ServerHost
{
    /// <summary>How long requests that are under way may take to end once the server is told to stop.</summary>
    private static readonly TimeSpan s_drain = TimeSpan.FromSeconds(30);

    public static WebApplication Build(ServeOptions options)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        StartUp startUp = new();
        builder.Services.AddSingleton(startUp);
        AddLogs(builder.Logging, startUp);
        builder.WebHost.UseUrls(options.Urls).ConfigureKestrel(Limit).UseKestrelHttpsConfiguration();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = s_drain);
        builder.Services.AddOptions<WeirOptions>().BindConfiguration("Weir");
        builder.Services.AddOptions<WebhookOptions>().BindConfiguration("Weir:Webhooks");
        builder.Services.AddOptions<RetentionOptions>().BindConfiguration("Weir:Retention");
        builder.Services.AddOptions<MailOptions>().BindConfiguration("Weir:Mail").Configure(mail => mail.Password = options.MailPassword ?? mail.Password);
        WeirBuilder weirBuilder = builder.Services.AddWeir(weir =>
        {
            weir.CatalogFile = options.CatalogFile ?? weir.CatalogFile;
            weir.MasterKey = options.MasterKey ?? weir.MasterKey;
        });
        if (options.PostgreSql is { } database)
        {
            weirBuilder.AddPostgreSql(database);
        }
        else
        {
            DataFolder.Make(options.DataFolder);
            weirBuilder.AddSqlite(DataFolder.FileIn(options.DataFolder));
        }

        builder.Services.AddWeirOpenApi();
        builder.Services.AddExport();
        if (options.Demo)
        {
            builder.Services.AddHostedService<DemoService>();
        }

        WebApplication app = builder.Build();
        app.MapWeirApi();
        app.MapDocs();
        app.MapFallback("{**path}", (HttpContext context) => Problem.NotFound(
            "There is nothing at this path. /docs and /openapi/v1.json list the calls; keys in a path are percent-encoded: a/b is a%2Fb.").WriteAsync(context));
        return app;
    }

    private static void AddLogs(ILoggingBuilder logging, StartUp startUp)
    {
        logging.ClearProviders();
        logging.AddFilter("Microsoft", LogLevel.Warning);
        // A start that fails ends the program with one message for a person; the host would log its stack as well.
        logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", level => startUp.IsOver && level >= LogLevel.Warning);
        // The error output, so that what the program prints for a person (the first admin key) is not part of the log.
        logging.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        logging.AddJsonConsole(json =>
        {
            json.UseUtcTimestamp = true;
            json.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ";
        });
    }

    /// <summary>Whether the server has come so far that it serves.</summary>
    internal sealed class StartUp
    {
        private volatile bool _over;

        public bool IsOver => _over;

        public void End() => _over = true;
    }

    private static void Limit(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        KestrelServerLimits limits = kestrel.Limits;
        // Each endpoint reads at most its own bound; this is the outer wall.
        limits.MaxRequestBodySize = EventBounds.LargestBody + 1024;
        limits.MaxRequestLineSize = 16 * 1024;
        limits.MaxRequestHeaderCount = 100;
        limits.MaxRequestHeadersTotalSize = 32 * 1024;
        limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
        limits.KeepAliveTimeout = TimeSpan.FromSeconds(130);
        limits.MaxConcurrentConnections = 20_000;
        limits.Http2.MaxStreamsPerConnection = 256;
    }
}
