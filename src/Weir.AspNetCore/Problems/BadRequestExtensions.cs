using System.Text.Json;

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

using Weir.Engine;

namespace Weir.AspNetCore;

public static class BadRequestExtensions
{
    /// <summary>
    /// Answers requests that a host's own handlers cannot bind with a problem document that names the place, where ASP.NET Core answers
    /// 400 and an empty body. Call it before whatever may record the request, such as <c>UseWeir</c>, which sees the status all the same.
    /// </summary>
    public static IApplicationBuilder UseBadRequestProblems(this IApplicationBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.ApplicationServices.GetRequiredService<IOptions<RouteHandlerOptions>>().Value.ThrowOnBadRequest = true;
        return app.Use(async (HttpContext context, RequestDelegate next) =>
        {
            try
            {
                await next(context);
            }
            catch (BadHttpRequestException bad) when (!context.Response.HasStarted)
            {
                context.Response.Clear();
                await ProblemOf(bad).WriteAsync(context);
            }
        });
    }

    internal static Problem ProblemOf(BadHttpRequestException bad) => bad switch
    {
        { InnerException: JsonException json } => JsonBody.ProblemOf(json),
        { StatusCode: StatusCodes.Status413PayloadTooLarge } => Problem.PayloadTooLarge(bad.Message),
        _ => new Problem(bad.StatusCode, Refusal.InvalidRequest.Code(), Problem.TitleOf(Refusal.InvalidRequest), bad.Message),
    };
}
