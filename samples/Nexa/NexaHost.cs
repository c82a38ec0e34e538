using Microsoft.AspNetCore.HttpOverrides;

using Weir;
using Weir.AspNetCore;
using Weir.Sqlite;

namespace Nexa;

/// <summary>The whole application: authentication, Weir inside it, the tools, the configuration, the organizations' usage.</summary>
public static class NexaHost
{
    /// <summary>Images come in base64.</summary>
    private const int LargestBody = 8 * 1024 * 1024;

    /// <param name="configure">Changes the builder before the application is built, as tests do.</param>
    public static WebApplication Create(string[] args, Action<WebApplicationBuilder>? configure = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        configure?.Invoke(builder);
        string folder = Directory.CreateDirectory(builder.Configuration["Nexa:Data"] ?? "weir-data").FullName;
        builder.Services
            .AddWeir(options => options.CatalogFile = Path.Combine(AppContext.BaseDirectory, "nexa.yaml"))
            .AddSqlite(Path.Combine(folder, "usage.db"));
        builder.Services.AddSingleton(provider => new NexaStore(folder, provider.GetRequiredService<TimeProvider>()));
        builder.Services.AddAuthentication(TokenAuthentication.Name).AddScheme<TokenOptions, TokenAuthentication>(
            TokenAuthentication.Name, options => options.Tokens = builder.Configuration.GetSection("Nexa:Tokens").Get<List<AccessToken>>() ?? []);
        builder.Services.AddAuthorization();
        builder.Services.ConfigureHttpJsonOptions(options => options.SerializerOptions.UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow);
        builder.Services.Configure<ForwardedHeadersOptions>(options => options.ForwardedHeaders = ForwardedHeaders.XForwardedFor);

        WebApplication app = builder.Build();
        app.UseForwardedHeaders();
        app.UseBadRequestProblems();
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseWeir(options =>
        {
            options.Account = context => context.User.Organization();
            options.User = context => context.User.UserName();
            options.Source = "api";
            options.LargestBody = LargestBody;
        });

        RouteGroupBuilder api = app.MapGroup("/api").RequireAuthorization();
        ToolEndpoints.Map(api);
        TrackEndpoint.Map(api);
        WorkEndpoints.Map(api);
        UsageEndpoints.Map(api);
        AdminConfig.Map(api);
        app.MapWeirApi();
        if (builder.Configuration["Weir:AdminKey"] is { } key)
        {
            app.Services.GetRequiredService<KeyService>().UseAdminKey(key);
        }

        return app;
    }
}
