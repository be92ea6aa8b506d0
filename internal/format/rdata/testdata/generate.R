# Writes the files of clean/ and bad/ with R 4.2.2, mgcv, survival, rpart, nlme and
# randomForest. usage: Rscript generate.R DIR
# Files are kept as readRDS sees them, without compression.
out <- commandArgs(TRUE)[1]
dir.create(file.path(out, "clean"), FALSE, TRUE)
dir.create(file.path(out, "bad"), FALSE, TRUE)
set.seed(1)
put <- function(x, name, ...) saveRDS(x, file.path(out, "clean", paste0(name, ".rds")), compress = FALSE, ...)
df <- data.frame(y = rnorm(20), x = rnorm(20), g = factor(rep(c("a", "b"), 10)))
df$b <- as.integer(df$y > 0)
put(lm(y ~ x + g, df), "lm")
put(lm(y ~ x + g, df), "lm_v2", version = 2)
put(lm(y ~ x + g, df), "lm_ascii", ascii = TRUE)
put(lm(y ~ log(abs(x)) + poly(x, 2), df), "lm_poly")
put(glm(b ~ x, binomial, df), "glm")
put(glm(abs(y) + .1 ~ x, Gamma(link = "log"), data = df), "glm_gamma")
f <- function(d) { k <- 3; lm(y ~ x, d) }
put(f(df), "lm_in_function")
put(kmeans(df[, 1:2], 2), "kmeans")
put(prcomp(df[, 1:2]), "prcomp")
put(list(a = 1:10, b = as.raw(1:40), c = complex(3), d = list("x", NULL, NA_character_)), "list")
put(splinefun(1:20, df$y), "splinefun")
put(approxfun(1:20, df$y), "approxfun")
put(rpart::rpart(g ~ x + y, df, method = "class", control = rpart::rpart.control(minsplit = 4)), "rpart_class")
put(nlme::lme(y ~ x, df, random = ~ 1 | g), "lme")
put(randomForest::randomForest(Species ~ ., iris, ntree = 2), "randomForest")
suppressMessages({ library(mgcv); library(survival) })
put(gam(y ~ s(x, k = 4), data = df), "gam")
put(coxph(Surv(abs(y), b) ~ x, df), "coxph")
setClass("P", representation(a = "numeric"))
put(new("P", a = 1), "s4")
a <- 1; b <- "x"
save(a, b, df, file = file.path(out, "clean", "three.rda"), compress = FALSE)
save(a, b, file = file.path(out, "clean", "ascii.rda"), ascii = TRUE, compress = FALSE)
save(a, b, file = file.path(out, "clean", "v2.RData"), version = 2, compress = FALSE)

# A stock model whose functions evaluate what it keeps.
saveRDS(nls(y ~ a + b * x, df, start = list(a = 0, b = 1)), file.path(out, "bad", "stock_nls.rds"), compress = FALSE)
