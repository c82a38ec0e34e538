using System.Text.Json;
using System.Text.Json.Serialization;

using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

using Weir;
using Weir.AspNetCore;
using Weir.Engine;
using Weir.Sqlite;

namespace Transcription;

/// <summary>The whole application: users, uploads, jobs, transcripts, the page, and Weir inside it.</summary>
public static class TranscriptionHost
{
    /// <summary>The environment for a first look: users to sign in as, and limits that act.</summary>
    public const string Demo = "Demo";

    /// <param name="configure">Changes the builder before the application is built, as tests do.</param>
    public static WebApplication Create(string[] args, Action<WebApplicationBuilder>? configure = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            Args = args, ContentRootPath = AppContext.BaseDirectory, WebRootPath = Path.Combine(AppContext.BaseDirectory, "wwwroot"),
        });
        bool isDemo = builder.Environment.IsDevelopment() || builder.Environment.IsEnvironment(Demo);
        if (isDemo)
        {
            // What the command line says, says it over the file.
            builder.Configuration.AddJsonFile("demo-users.json").AddCommandLine(args);
        }

        configure?.Invoke(builder);
        ConfigurationManager configuration = builder.Configuration;
        string folder = Directory.CreateDirectory(configuration["Transcription:Data"] ?? "weir-data").FullName;
        builder.Services
            .AddWeir(options =>
            {
                options.CatalogFile = Path.Combine(AppContext.BaseDirectory, "transcription.yaml");
                options.Enforcement = builder.Environment.IsDevelopment() ? EnforcementMode.Observe : null;
            })
            .AddSqlite(Path.Combine(folder, "usage.db"));
        AddUsers(builder);
        AddJobs(builder, folder);
        builder.Services.ConfigureHttpJsonOptions(options =>
        {
            options.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
            options.SerializerOptions.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        });
        builder.Services.Configure<ForwardedHeadersOptions>(options => options.ForwardedHeaders = ForwardedHeaders.XForwardedFor);

        WebApplication app = builder.Build();
        app.UseForwardedHeaders();
        app.Use(WithPageHeaders);
        app.UseBadRequestProblems();
        app.UseDefaultFiles();
        app.UseStaticFiles();
        app.UseRouting();
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseWeir(options =>
        {
            options.Account = context => context.User.Key();
            options.User = context => context.User.Key();
            options.Source = "api";
        });

        // Some of these paths are Weir's own too, for its keys and portal tokens; here they are this service's.
        RouteGroupBuilder api = app.MapGroup("/api/v1").RequireAuthorization();
        ((IEndpointConventionBuilder)api).WithOrder(-1);
        Accounts.Map(api, isDemo);
        UsageEndpoints.Map(api);
        AlertEndpoints.Map(api);
        JobEndpoints.Map(api);
        app.MapWeirApi();
        if (configuration["Weir:AdminKey"] is { } key)
        {
            app.Services.GetRequiredService<KeyService>().UseAdminKey(key);
        }

        return app;
    }

    private static void AddUsers(WebApplicationBuilder builder)
    {
        ConfigurationManager configuration = builder.Configuration;
        builder.Services.AddAuthentication(UserTokenAuthentication.Name).AddScheme<UserTokenOptions, UserTokenAuthentication>(
            UserTokenAuthentication.Name, options => options.Users = configuration.GetSection("Transcription:Users").Get<List<UserToken>>() ?? []);
        builder.Services.AddAuthorization();
        builder.Services.AddSingleton(new AccountPolicy(configuration.GetValue("Transcription:ChangePlans", false)));
        builder.Services.AddSingleton<Accounts>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<Accounts>());
    }

    private static void AddJobs(WebApplicationBuilder builder, string folder)
    {
        ConfigurationManager configuration = builder.Configuration;
        builder.Services.AddOptions<JobOptions>().BindConfiguration("Transcription:Jobs").ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton(provider => provider.GetRequiredService<IOptions<JobOptions>>().Value);
        builder.Services.AddSingleton(new MediaTools(configuration["Transcription:Ffmpeg"] ?? "ffmpeg", configuration["Transcription:Ffprobe"] ?? "ffprobe"));
        builder.Services.AddSingleton<MediaProbe>();
        builder.Services.AddSingleton<UploadGate>();
        builder.Services.AddSingleton(provider => new JobStore(folder, provider.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton<JobAdmission>();
        builder.Services.AddSingleton<JobRunner>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<JobRunner>());
        if (configuration.GetSection("Transcription:OpenAi").Get<OpenAiOptions>() is { } openAi)
        {
            builder.Services.AddSingleton(openAi);
            builder.Services.AddHttpClient("transcriber", http => http.Timeout = TimeSpan.FromMinutes(10));
            builder.Services.TryAddSingleton<ITranscriber>(provider => new OpenAiTranscriber(
                provider.GetRequiredService<IHttpClientFactory>().CreateClient("transcriber"), openAi, provider.GetRequiredService<MediaTools>()));
        }
        else
        {
            builder.Services.TryAddSingleton<ITranscriber, SilenceTranscriber>();
        }
    }

    /// <summary>The page needs nothing from elsewhere, and nobody needs it in a frame.</summary>
    private static Task WithPageHeaders(HttpContext context, Func<Task> next)
    {
        context.Response.Headers.ContentSecurityPolicy = "default-src 'self'; img-src 'self' data:; media-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers["Referrer-Policy"] = "no-referrer";
        return next();
    }
}
